/* A session of the room: the edit, its figures, what was done before and may be done again, and who is told of it.
   Nothing is kept when the page is left: a page that is opened again shows the signed plan. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const MOST_STEPS = 500; // edits that may be undone; an edit with its figures takes some kilobytes
  const MOST_KEPT = 60, MOST_COVERED = 3000; // edits whose figures, or whose people covered alone, are kept

  class Session {
    constructor(city) {
      this.city = city;
      this.kept = new Map();
      this.covered = new Map();
      this.meta = city.load.meta;
      this.start = live.edits.frozen(city.start);
      this.base = this.figuresOf(this.start);
      this.today = this.figuresOf(city.today);
      this.present = { edit: this.start, figures: this.base, words: "" };
      this.past = [];
      this.future = [];
      this.listeners = [];
      this.standard = 0;
      this.adding = null;
      this.previewed = null;
      this.isOn = false;
      this.sites = new Map(this.meta.sites.map((site, i) => [site.id, i]));
    }

    get edit() { return this.present.edit; }

    get figures() { return this.present.figures; }

    /* What the last edit was, in words. */
    get words() { return this.present.words; }

    get isChanged() { return !live.edits.same(this.edit, this.start); }

    /* `listener(session, what)`; what is "edit", "preview", "standard", "adding", "live" or "focus". Returns what ends it. */
    on(listener) {
      this.listeners = [...this.listeners, listener];
      return () => { this.listeners = this.listeners.filter((one) => one !== listener); };
    }

    tell(what, more) {
      this.listeners.forEach((listener) => listener(this, what, more));
    }

    /* ---- the edit ---- */
    turnTo(present) {
      this.present = present;
      this.previewed = null;
      this.tell("edit");
    }

    apply(edit, words) {
      if (live.edits.same(edit, this.edit)) { return; }
      const present = { edit: live.edits.frozen(edit), figures: this.figuresOf(edit), words: words || "" };
      this.past = [...this.past, this.present].slice(-MOST_STEPS);
      this.future = [];
      this.turnTo(present);
    }

    undo() {
      if (!this.past.length) { return; }
      this.future = [this.present, ...this.future];
      const before = this.past[this.past.length - 1];
      this.past = this.past.slice(0, -1);
      this.turnTo(before);
    }

    redo() {
      if (!this.future.length) { return; }
      this.past = [...this.past, this.present];
      const [next, ...rest] = this.future;
      this.future = rest;
      this.turnTo(next);
    }

    /* Back to the signed plan; that too may be undone. */
    reset(words) {
      this.apply(this.start, words);
    }

    toggle(option, words) {
      this.apply(live.edits.toggle(this.edit, option, this.start), words);
    }

    /* Figures of any edit, kept for when they are asked for again. */
    figuresOf(edit) {
      const key = live.edits.key(edit), kept = this.kept.get(key) || this.city.figures(edit);
      this.kept.delete(key); // the last asked for is the last to go
      this.kept.set(key, kept);
      if (this.kept.size > MOST_KEPT) { this.kept.delete(this.kept.keys().next().value); }
      return kept;
    }

    /* People covered under each standard: all that is kept of the many edits of a build order. */
    coveredOf(edit) {
      const key = live.edits.key(edit);
      if (!this.covered.has(key)) {
        if (this.covered.size > MOST_COVERED) { this.covered.clear(); }
        this.covered.set(key, this.figuresOf(edit).standards.map((one) => one.covered));
      }
      return this.covered.get(key);
    }

    /* An edit with everything built that may be built: more than any plan can reach. */
    everything(edit) {
      const options = this.meta.options.map((_, k) => ({ ...this.optionAt(k), year: this.meta.years[0] }));
      const more = options.filter((one) => !edit.closed.includes(one.site) && live.edits.indexOf(edit.plan, one) < 0);
      return live.edits.frozen({ ...edit, plan: [...edit.plan, ...more] });
    }

    /* ---- what is shown ---- */
    preview(result) {
      this.previewed = result;
      this.tell("preview");
    }

    show(standard) {
      if (standard === this.standard) { return; }
      this.standard = standard;
      this.previewed = null;
      this.tell("standard");
    }

    /* The room's edits are shown, or the signed map is. */
    turn(isOn) {
      if (isOn === this.isOn) { return; }
      this.isOn = isOn;
      this.previewed = null;
      if (!isOn) { this.add(null); }
      this.tell("live");
    }

    /* What a click on the map puts there, {type, size, method, year}; null for nothing. */
    add(place) {
      if (place === this.adding) { return; }
      this.adding = place;
      this.tell("adding");
    }

    /* Put what is being added at [lon, lat]; the map is then as it was before. */
    place(at, words) {
      const { adding } = this;
      if (!adding) { return; }
      this.add(null);
      this.apply(live.edits.add(this.edit, { ...adding, at }), words);
    }

    /* Ask the map to show an item: {plan: index}, {site: id} or {option: k}. */
    focus(item) {
      this.tell("focus", item);
    }

    /* ---- what an entry is ---- */
    siteOf(id) {
      return this.meta.sites[this.sites.get(id)];
    }

    /* [lon, lat] of an entry of the plan, an option of the run or not. */
    placeOf(entry) {
      if (!live.edits.isOption(entry)) { return entry.at; }
      const site = this.siteOf(entry.site);
      return live.edits.movedOf(this.edit, entry.site) || [site.lon, site.lat];
    }

    /* Number in build order of the signed plan, 0 for what is not in it. */
    signedNumber(entry) {
      return live.edits.indexOf(this.start.plan, live.edits.origin(entry)) + 1;
    }

    optionAt(k) {
      const { site, type, size } = this.meta.options[k];
      return { site: this.meta.sites[site].id, type, size };
    }

    optionOf(entry) {
      const option = live.edits.origin(entry);
      return option ? this.meta.options.findIndex((_, k) => live.edits.sameOption(this.optionAt(k), option)) : -1;
    }

    /* The year in which what is added opens, if nothing else is said. */
    get lastYear() { return this.city.lastYear; }
  }

  live.session = (city) => new Session(city);
})(globalThis);
