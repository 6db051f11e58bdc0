/* A session of the room: the edit, its figures, what was done before and may be done again, and who is told of it.
   Nothing is kept when the page is left: a page that is opened again shows the signed plan. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const MOST_STEPS = 500; // edits that may be undone; their figures are counted again where they are no longer kept
  const FIGURES_BYTES = 8e6, COVERED_BYTES = 4e6; // of the edits whose figures, or whose people covered alone, are kept
  const ENTRY_BYTES = 1000; // more than the few numbers of an edit take

  class Session {
    constructor(city) {
      this.city = city;
      this.kept = live.shelf(FIGURES_BYTES);
      this.covered = live.shelf(COVERED_BYTES);
      this.meta = city.load.meta;
      this.start = live.edits.frozen(city.start);
      this.base = this.figuresOf(this.start);
      this.today = this.figuresOf(city.today);
      this.present = { edit: this.start, words: "" };
      this.figures = this.base;
      this.past = [];
      this.future = [];
      this.listeners = [];
      this.standard = 0;
      this.adding = null;
      this.asked = { type: null, price: 0, year: null }; // what is to be added, as it was chosen last
      this.typed = { share: "90", budget: null }; // as texts; null before a budget was asked for
      this.previewed = null;
      this.isOn = false;
      this.sites = new Map(this.meta.sites.map((site, i) => [site.id, i]));
    }

    get edit() { return this.present.edit; }

    /* What the last edit was, in words. */
    get words() { return this.present.words; }

    get isChanged() { return !live.edits.same(this.edit, this.start); }

    /* `listener(session, what)`; what is "edit", "preview", "standard", "adding", "live", "focus" or "closing". Returns what ends it. */
    on(listener) {
      this.listeners = [...this.listeners, listener];
      return () => { this.listeners = this.listeners.filter((one) => one !== listener); };
    }

    tell(what, more) {
      this.listeners.forEach((listener) => listener(this, what, more));
    }

    /* ---- the edit ---- */
    turnTo(present) {
      this.figures = this.figuresOf(present.edit);
      this.present = present;
      this.previewed = null;
      this.tell("edit");
    }

    apply(edit, words) {
      if (live.edits.same(edit, this.edit)) { return; }
      const present = { edit: live.edits.frozen(edit), words: words || "" };
      this.figuresOf(edit); // what cannot be counted is no step
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

    /* The edit with an outlet open that it closes, and with what was planned in it before. */
    withOpen(site) {
      const { edit } = this, { indexOf, isOption, reopen, toggle } = live.edits;
      if (!edit.closed.includes(site)) { return edit; }
      const before = [...this.past].reverse().find((one) => !one.edit.closed.includes(site));
      const inside = before ? before.edit.plan.filter((entry) => isOption(entry) && entry.site === site) : [];
      return inside.filter((entry) => indexOf(edit.plan, entry) < 0)
        .reduce((open, entry) => toggle(open, entry, this.start), reopen(edit, site));
    }

    /* Figures of any edit, kept for when they are asked for again. */
    figuresOf(edit) {
      const key = live.edits.key(edit), kept = this.kept.get(key);
      if (kept) { return kept; }
      const found = this.city.figures(edit), states = found.units.reduce((sum, units) => sum + units.length, 0);
      return this.kept.put(key, found, ENTRY_BYTES * (1 + found.standards.length) + 2 * key.length + 8 * states);
    }

    /* People covered under each standard: all that is kept of the many edits of a build order. */
    coveredOf(edit) {
      const key = live.edits.key(edit), found = this.covered.get(key);
      return found || this.covered.put(key, this.figuresOf(edit).standards.map((one) => one.covered), ENTRY_BYTES + 2 * key.length);
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

    /* Ask the map to show an outlet with all to where its people go if it closes. */
    focusClosing(site) {
      this.tell("closing", { site });
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
