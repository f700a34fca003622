// Choosing days of one's own names the span so; a link that was made can be copied and printed.
const filters = document.getElementById('filters');
if (filters) {
  for (const name of ['from', 'to']) {
    filters.elements[name].addEventListener('change', () => { filters.elements.span.value = 'own'; });
  }
  filters.elements.span.addEventListener('change', () => {
    if (filters.elements.span.value !== 'own') for (const name of ['from', 'to']) filters.elements[name].value = '';
  });
}
const address = document.getElementById('address');
if (address) {
  const copy = document.getElementById('copy');
  const print = document.getElementById('print');
  copy.hidden = false;
  print.hidden = false;
  copy.addEventListener('click', () => {
    address.select();
    if (document.execCommand('copy')) copy.textContent = copy.dataset.done; // the newer way needs HTTPS
  });
  print.addEventListener('click', () => window.print());
}
