// What tests ask of a page; evaluated in it, it leaves `window.inspect`. Nothing of it is shipped.
window.inspect = (() => {
  const shown = (el) => el.checkVisibility({ visibilityProperty: true });
  const FOCUSABLE = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
  const WORDS = ['aria-label', 'title', 'placeholder', 'alt'];

  const name = (el) => {
    const id = el.id ? `#${el.id}` : '';
    const kind = typeof el.className === 'string' && el.className ? `.${el.className.trim().split(/\s+/)[0]}` : '';
    const said = (el.innerText || el.getAttribute('aria-label') || el.getAttribute('name') || '').trim().slice(0, 30);
    return `${el.tagName.toLowerCase()}${id}${kind} "${said}"`;
  };

  // Texts that people read or hear: [text, where]. `skip`: a selector of what is not looked at.
  const texts = (skip) => {
    const lang = document.documentElement.lang;
    const out = [[document.title, 'title']];
    const foreign = [...document.querySelectorAll('[lang]')].filter((at) => at.lang !== lang);
    const other = (el) => el.closest(`script, style, noscript, ${skip}`) || foreign.some((at) => at.contains(el));
    const seen = (el) => (el.tagName === 'OPTION' || el.tagName === 'OPTGROUP' ? shown(el.closest('select')) : shown(el));
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const el = walk.currentNode.parentElement;
      const text = walk.currentNode.data.trim();
      if (text && seen(el) && !other(el)) out.push([text, name(el)]);
    }
    for (const word of WORDS) {
      for (const el of document.querySelectorAll(`[${word}]`)) {
        if (el.getAttribute(word) && !other(el)) out.push([el.getAttribute(word), `${name(el)} ${word}`]);
      }
    }
    return out;
  };

  // What Tab must reach, in order; of a group of radio buttons the one that it does reach.
  const interactive = () => {
    const groups = new Set();
    return [...document.querySelectorAll(FOCUSABLE)].filter((el) => {
      if (el.tabIndex < 0 || el.disabled || !shown(el)) return false;
      if (el.type !== 'radio' || !el.name) return true;
      const all = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(el.name)}"]`)];
      const one = all.find((radio) => radio.checked) || all[0];
      if (el !== one || groups.has(el.name)) return false;
      return Boolean(groups.add(el.name));
    });
  };

  const colour = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = (text) => {
    const parts = colour(text).slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (el) => {
    for (let at = el.parentElement; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0.9) return getComputedStyle(at).backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  // How the focus is seen: an outline of 2 px at least, in 3:1 to what is around it (WCAG 2.1, 1.4.11, 2.4.7).
  const ring = (el) => {
    const style = getComputedStyle(el);
    if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return 'no outline';
    const [one, two] = [light(style.outlineColor), light(behind(el))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    return ratio < 3 ? `outline ${ratio.toFixed(1)}:1 to its ground` : '';
  };

  // Begin to watch where Tab goes; `walked` tells it afterwards.
  let wanted = [];
  let steps = [];
  const begin = () => {
    wanted = interactive();
    steps = [];
    document.addEventListener('focusin', (event) => {
      // What streams in meanwhile replaces elements by others of the same kind: then they are counted anew.
      const known = wanted.indexOf(event.target);
      steps.push([known >= 0 ? known : interactive().indexOf(event.target), event.target, ring(event.target)]);
    });
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
    window.scrollTo(0, 0);
    steps = [];
    return wanted.length;
  };
  const walked = () => ({ wanted: wanted.map(name), steps: steps.map(([n, el, fault]) => [n, name(el), fault]) });

  // Elements that stick out of the page at the right, the innermost ones.
  const wide = () => {
    const limit = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= limit) return [];
    const out = [...document.body.querySelectorAll('*')].filter((el) => el.getBoundingClientRect().right > limit + 1);
    return [`${document.scrollingElement.scrollWidth} of ${limit} px`, ...out.slice(-3).map(name)];
  };

  // All that can be opened is open: what is folded away is held like the rest.
  const unfold = () => { for (const one of document.querySelectorAll('details')) one.open = true; };

  // Animations and transitions under way.
  const moving = () => document.getAnimations().map((one) => `${one.animationName || one.transitionProperty} of ${name(one.effect.target)}`);

  return { unfold, texts, begin, walked, wide, moving };
})();
