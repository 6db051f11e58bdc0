/* Opens the data that the page carries once the map stands, checks that they give the signed figures, and begins the live
   map. Where it cannot, it says so in one sentence, and the map stays as it is. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const page = root.plannerPage;
  if (!page || !page.data.live) { return; }
  const words = page.data.live.words.livepage;

  /* ---- the button, before it can be used ---- */
  const button = page.make("button", "pm-button", words.preparing);
  Object.assign(button, { id: "pm-live", type: "button", disabled: true });
  button.setAttribute("aria-busy", "true");
  const actions = document.getElementById("pm-actions");
  actions.insertBefore(button, actions.firstChild);

  function isReady() {
    button.textContent = words.button;
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }

  /* ---- why not ---- */
  function say(sentence) {
    button.remove();
    const note = page.make("div", "pm-live-note"), map = page.map();
    note.setAttribute("role", "status");
    const away = () => {
      note.remove();
      if (map) { map.invalidateSize(); }
    };
    page.append(note, page.make("p", "", sentence), page.button(words.close, away));
    const main = document.querySelector(".pm-main");
    main.parentNode.insertBefore(note, main);
    if (map) { map.invalidateSize(); }
  }

  function nameOf(load, wrong) {
    const standard = load.meta.standards[wrong.standard];
    return standard ? standard.name : String(wrong.standard);
  }

  function sentenceOf(error) {
    if (!page.map()) { return words.cut; } // a file that ends within its scripts
    const known = live.LoadError && error instanceof live.LoadError && ["damaged", "version", "browser"].includes(error.code);
    if (!known) { console.error(error); }
    return known ? words[error.code] : words.failed;
  }

  /* ---- opening ---- */
  /* Whether there is something to check the page's own figures against: those of today always, and of a plan where there is one. */
  function isSigned({ plan, signed }) {
    return Boolean(signed && signed.today && (signed.plan || (signed.plan === null && plan.length === 0)));
  }

  /* The data stand last in the file: where its end is missing, they are what is damaged, and the map is whole. */
  async function open() {
    const holder = document.getElementById("planner-live");
    if (!holder) { throw new live.LoadError("damaged"); } // some gateways take inert scripts out of a mail
    const bytes = await live.inflate(holder.textContent, holder.dataset.version, holder.dataset.crc32);
    const load = live.decode(bytes);
    if (!isSigned(load.meta)) { throw new live.LoadError("damaged"); }
    const city = live.city(load), wrong = city.check();
    if (wrong) {
      say(page.fill(words.differs, { name: nameOf(load, wrong), said: String(wrong.said), found: String(wrong.found) }));
      return null;
    }
    isReady();
    live.begin(city);
    return city;
  }

  function begin() {
    return open().catch((error) => {
      say(sentenceOf(error));
      return null;
    });
  }

  /* After the signed map is on the screen: two frames, then whenever the browser has nothing else to do. */
  function whenIdle(work) {
    const idle = root.requestIdleCallback ? () => root.requestIdleCallback(work, { timeout: 1000 }) : () => root.setTimeout(work, 50);
    root.requestAnimationFrame(() => root.requestAnimationFrame(idle));
  }

  live.ready = new Promise((done) => {
    const start = () => whenIdle(() => done(begin()));
    if (document.readyState === "complete") {
      start();
    } else {
      root.addEventListener("load", start);
    }
  });
})(globalThis);
