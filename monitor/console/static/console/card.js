// A form is sent once, and a step that was opened is at hand.
document.querySelectorAll('.step form').forEach((form) => {
  form.addEventListener('submit', () => {
    form.querySelectorAll('button').forEach((button) => { button.disabled = true; });
  });
});
document.querySelectorAll('.step').forEach((step) => {
  step.addEventListener('toggle', () => {
    const field = step.open && step.querySelector('textarea');
    if (field && document.activeElement && document.activeElement.tagName === 'SUMMARY') field.focus({ preventScroll: true });
  });
});
