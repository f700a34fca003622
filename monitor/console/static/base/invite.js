// The invitation's secret stands behind the # of the address, which no server and no log is told. It goes into the form
// and out of the address, so that it stays in no history; a form that came back with a fault still has it.
const KEY = 'jiancha.invite';
const given = window.location.hash.slice(1);
if (given) {
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, '', window.location.pathname);
}
document.getElementById('secret').value = sessionStorage.getItem(KEY) || '';
