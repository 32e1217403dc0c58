package itsm_test
import ("testing";"github.com/stretchr/testify/require";"github.com/itsmkit/itsmkit/itsm")
func TestSmokeX(t *testing.T){
 k,w,_ := newKernel(t, itsm.Config{})
 r := started(t,w)
 r, err := w.finish.Do(ann, r.ID, finish{Notes:"x"})
 require.NoError(t, err)
 require.NoError(t, k.Verify(root, r.Ref()))
 ts, err := k.Permitted(ann, r.Ref()); t.Log(ts, err)
}
