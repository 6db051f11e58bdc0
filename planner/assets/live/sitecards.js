/* Cards of the live map: what stands or is planned at a place, what may be done with it, and whom that would touch. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const isSmall = () => window.matchMedia("(max-width: 760px)").matches;
  const MOST_MOVES = 5, MOST_OPTIONS = 8, MOST_LETTERS = 14;
  const LEAST_CARD = 140; // pixels of a card's height below which nobody reads it

  /* `stage` is the scene's: session, say, move(item), apply(edit, words), types, typeName(entry), siteName(i), nameOf(item). */
  class Cards {
    constructor(stage) {
      const { make, append, digits, facts, button, money } = root.plannerPage;
      Object.assign(this, { stage, session: stage.session, say: stage.say, make, append, digits, facts, button, money });
    }

    get meta() { return this.session.meta; }

    get shown() { return this.meta.standards[this.session.standard].name; }

    persons(number) {
      return this.say("persons", { n: this.digits(number) });
    }

    /* A button of a card; `act` makes the new edit, `words` tell what was done. */
    doing(key, act, values) {
      return this.button(this.say(key, values), act, "pm-button pm-live-act");
    }

    applying(key, words, make) {
      return this.doing(key, () => this.stage.apply(make(this.session.edit), words));
    }

    /* ---- the card ---- */
    card(item) {
      const card = this.make("div", "pm-popup pm-live-card");
      this.append(card, this.make("p", "pm-live-mark", this.say("mark")), this.make("h3", "", this.stage.nameOf(item)));
      const parts = item.site < 0 || item.isAway ? [this.entryPart(item)] : this.siteParts(item.site);
      parts.forEach((part) => this.append(card, part));
      return card;
    }

    siteParts(i) {
      const site = this.meta.sites[i], entries = this.stage.itemsAt(i), stands = site.types !== "";
      const parts = [...(stands ? [this.standsPart(i)] : []), ...entries.map((item) => this.entryPart(item)), ...this.buildPart(i)];
      return parts.length ? parts : [this.facts([[this.say("state"), this.say("state_none")], [this.say("location"), this.placeOf(site)]])];
    }

    placeOf(site) {
      return [...new Set([site.district, site.town].filter(Boolean))].join(" ");
    }

    part(heading, rows, ...more) {
      const box = this.make("section", "pm-live-part");
      return this.append(box, this.make("h4", "", heading), this.facts(rows), ...more);
    }

    row(...buttons) {
      return this.append(this.make("div", "pm-live-row"), ...buttons);
    }

    /* ---- what is planned ---- */
    entryPart(item) {
      const { entry } = item, built = item.index >= 0, name = this.stage.nameOf(item), { session } = this;
      const type = this.stage.typeName(entry), heading = item.number ? this.say("number_of", { n: item.number, type }) : type;
      const stands = item.site < 0 ? "state_new" : item.isAway ? "state_moved" : item.isChanged ? "state_ticked" : "state_planned";
      const state = built ? stands : "state_ghost";
      const rows = [[this.say("state"), this.say(state)], ...this.costs(entry), ...(built ? [[this.say("only"), this.onlyBy(item)]] : [])];
      const back = () => live.edits.putBack(session.edit, item.index);
      const buttons = built ? [
        this.applying(item.site < 0 ? "drop_new" : "drop", this.say("did_drop", { name }), (edit) => live.edits.remove(edit, item.index)),
        this.doing("move", () => this.stage.move(item)),
        ...(item.isAway && !session.edit.closed.includes(entry.from) ? [this.applying("back", this.say("did_back", { name }), back)] : []),
      ] : [this.doing("restore", () => session.toggle(entry, this.say("did_restore", { name })))];
      return this.part(heading, rows, ...(built ? live.offroad.told(session, entry.at) : []), this.row(...buttons));
    }

    /* What an entry costs; new places cost what the price list says of their type. */
    costs(entry) {
      const price = this.session.city.priceOf(entry);
      return price ? ["once", "yearly"].map((key) => [this.say(key), this.money(price[key], price.estimated)]) : [];
    }

    /* People under the shown standard whom nobody else covers. */
    onlyBy(item) {
      const { edit, city, standard, figures } = this.session;
      const rest = city.figures(live.edits.remove(edit, item.index));
      const only = figures.standards[standard].covered - rest.standards[standard].covered;
      return this.say("only_people", { n: this.digits(only), standard: this.shown });
    }

    /* ---- what may be built here ---- */
    buildPart(i) {
      const { edit, city, standard } = this.session, site = this.meta.sites[i];
      if (edit.closed.includes(site.id)) { return []; }
      const here = this.stage.itemsAt(i), at = live.edits.movedOf(edit, site.id) || [site.lon, site.lat];
      const open = this.meta.options.map((option, k) => [option, k]).filter(([option, k]) => option.site === i
        && !here.some((item) => live.edits.sameOption(live.edits.origin(item.entry), this.session.optionAt(k))));
      if (!open.length) { return []; }
      const rows = open.slice(0, MOST_OPTIONS).map(([option, k]) => {
        const entry = { ...this.session.optionAt(k), year: this.session.lastYear }, type = this.stage.typeName(entry);
        const { at: put } = city.drag(edit, { type: option.type, within: site.id }, standard), { newly } = put(...at), name = this.stage.siteName(i);
        const gain = this.say("gain", { n: this.digits(this.stage.peopleOf(newly)) });
        const told = this.make("span", "pm-small", `${gain} · ${this.money(option.once, option.estimated)}`);
        return this.row(this.doing("build", () => this.session.toggle(entry, this.say("did_build", { name, type })), { type }), told);
      });
      const where = site.types === "" ? [[this.say("location"), this.placeOf(site)]] : [];
      return [this.part(this.say("build_here"), where, ...rows, this.make("p", "pm-small", this.say("under", { standard: this.shown })))];
    }

    /* ---- what stands today ---- */
    standsPart(i) {
      const { edit } = this.session, site = this.meta.sites[i], name = this.stage.siteName(i);
      const isClosed = edit.closed.includes(site.id), isMoved = live.edits.movedOf(edit, site.id) !== null;
      const state = isClosed ? "state_closed" : isMoved ? "state_moved" : "state_today";
      const rows = [[this.say("type"), this.stage.typesOf(site)], [this.say("state"), this.say(state)], [this.say("location"), this.placeOf(site)]];
      const back = () => this.applying("back", this.say("did_back", { name }), (now) => live.edits.reopen(now, site.id));
      const buttons = isClosed ? [this.applying("restore", this.say("did_reopen", { name }), () => this.session.withOpen(site.id))] : [
        this.doing("close", () => {
          this.stage.apply(live.edits.close(this.session.edit, site.id), this.say("did_close", { name }));
          this.stage.moves.fit();
        }),
        this.doing("move", () => this.stage.move(this.stage.siteItem(i))), ...(isMoved ? [back()] : []),
      ];
      const off = live.offroad.told(this.session, live.edits.movedOf(edit, site.id));
    return this.part(this.say("stands"), rows, ...off, this.row(...buttons), ...this.touchedPart(i, isMoved));
    }

    /* Whom the closing touches and where they go, under the shown standard, or the moving; the scene draws the lines. */
    touchedPart(i, isMoved) {
      const found = this.stage.moves.touchedOf(i), names = this.make("ul", "pm-live-moves");
      if (!found) { return [this.make("p", "pm-small", this.say("serves_not", { standard: this.shown }))]; }
      const values = { nearest: this.digits(found.nearest), losing: this.digits(found.losing), standard: this.shown,
        basis: live.names.closingBasis(this.session) };
      const isClosed = this.session.edit.closed.includes(this.meta.sites[i].id);
      const touches = isMoved ? "moving_touches" : isClosed ? "closed_touches" : "closing_touches", newly = found.newly || 0;
      const nobody = isMoved ? "moving_nobody" : "closing_nobody", all = { ...values, newly: this.digits(newly) };
      const told = this.make("p", "", this.say(found.nearest + found.losing + newly ? touches : nobody, all));
      found.moves.slice(0, MOST_MOVES).forEach((move) => this.append(names, this.make("li", "", this.moveLine(move))));
      const rest = found.moves.slice(MOST_MOVES).reduce((sum, move) => sum + move.people, 0);
      if (rest) { this.append(names, this.make("li", "", this.say("move_rest", { people: this.digits(rest) }))); }
      return found.moves.length ? [told, this.make("p", "pm-small", this.say("moves", { people: values.nearest })), names] : [told];
    }

    /* In a straight line only outlets within the cutoff are looked at. Where time decides, what is told is time. */
    moveLine({ to, plan, people, more_mm: mm, more_ms: ms }) {
      const { city, edit, standard } = this.session, isStraight = city.wayOf(this.meta.standards[standard], edit.metric).mode === "straight";
      const values = { people: this.digits(people), name: this.placeName(to, plan, true), ...this.farther(mm, ms) };
      if (to === "" && plan < 0) { return this.say(isStraight ? "move_none_near" : "move_nowhere", values); }
      return this.say(mm === null ? "move_longer" : "move_to", values);
    }

    /* Where people go: an outlet or a planned place, or the new place of the outlet that was moved. */
    placeName(to, plan, isLong) {
      if (to === "" && plan === this.session.edit.plan.length) { return this.say("new_place"); }
      return isLong ? this.stage.outletName(to, plan) : live.names.outletName(this.session, to, plan);
    }

    farther(mm, ms) {
      return { metres: this.digits(Math.ceil(mm / 1000)), minutes: (Math.ceil(ms / 6000) / 10).toFixed(1) };
    }

    /* The same beside the end of a line; a long name is cut, where there is little room still more. */
    moveLabel({ to, plan, people, more_mm: mm, more_ms: ms }, isShort) {
      const letters = [...this.placeName(to, plan)], most = isShort ? MOST_LETTERS / 2 : MOST_LETTERS;
      const name = letters.slice(0, most).join("") + (letters.length > most ? "…" : "");
      const values = { name, people: this.digits(people), ...this.farther(mm, ms) };
      return this.say(isShort ? "label_short" : mm === null ? "label_longer" : "label_to", values);
    }
  }

  /* ---- a point ---- */
  /* The people at a point: how they stand under each standard, signed and in the room. */
  function pointCard(stage, i) {
    const { make, append, facts, digits } = root.plannerPage, { session, say } = stage, { city, start, edit } = session;
    const mark = { 0: "—", 1: `✗ ${say("is_left")}`, 2: `✓ ${say("is_covered")}`, 3: `○ ${say("key_unjudged")}` };
    const heads = ["standard", session.meta.signed.plan ? "signed" : "signed_today", "mark"];
    const table = make("table"), head = append(make("tr"), ...heads.map((key) => make("th", "", say(key))));
    append(table, append(make("thead"), head));
    session.meta.standards.forEach((standard, s) => append(table, append(make("tr"), make("td", "", standard.name),
      make("td", "", mark[city.states(start, s)[i]]), make("td", "", mark[city.states(edit, s)[i]]))));
    const name = stage.pointName(i) || say("point");
    return append(make("div", "pm-popup pm-live-card"), make("p", "pm-live-mark", say("mark")), make("h3", "", name),
      facts([[say("people"), say("persons", { n: digits(city.load.points.people[i]) })]]), table);
  }

  /* ---- where cards lie ---- */
  /* Beside the map, or below on a small window: lines to other outlets stay in sight. `stage` as for cards, and map, lines,
     markerOf(key), itemOf(now), moves. */
  class Dock {
    constructor(stage) {
      const { make, append, button, words } = root.plannerPage, close = button("×", () => this.close(), "pm-live-close");
      Object.assign(this, { stage, now: null, box: make("section", "pm-live-dock"), body: make("div") });
      close.setAttribute("aria-label", words.close);
      this.box.setAttribute("aria-label", stage.say("card"));
      this.body.setAttribute("aria-live", "polite");
      this.box.hidden = true;
      this.stage.map.on("resize", () => this.resized());
      this.box.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") { return; }
        event.stopPropagation();
        this.close();
      });
      append(document.getElementById("pm-stage"), append(this.box, close, this.body));
    }

    /* `now`: {key of a marker or null, site or -1, point or -1, card()}, at a place [lon, lat]. */
    open(now, at) {
      this.close();
      this.stage.map.closePopup();
      Object.assign(this, { now, at });
      this.box.hidden = false;
      this.draw();
      this.box.scrollTop = 0;
      this.show();
    }

    /* What the card is of, clear of it. */
    show() {
      this.stage.map.panInside([this.at[1], this.at[0]], this.paddings(40));
    }

    /* On a small window the sheet was folded or the window turned. */
    resized() {
      if (!this.now) { return; }
      this.fit();
      if (isSmall()) { this.show(); }
    }

    /* On a small window the card lies over the sheet and leaves its bar and undo free; above a sheet that is folded or low. */
    fit() {
      const sheet = document.getElementById("pl-panel"), { style } = this.box;
      document.body.classList.toggle("pm-live-carded", this.now !== null);
      [style.maxHeight, style.bottom] = ["", ""];
      if (!sheet || !this.now || !isSmall()) { return; }
      const below = (box, side) => window.innerHeight - box.getBoundingClientRect()[side], free = below(sheet.querySelector(".pl-head"), "bottom");
      if (free < LEAST_CARD) { style.bottom = `${below(sheet, "top")}px`; } else { style.maxHeight = `${free}px`; }
    }

    draw() {
      this.body.replaceChildren(this.now.card());
      this.fit();
      this.mark(true);
      this.stage.moves.label();
      this.stage.lines.again();
    }

    /* Pixels of the map that the card and the list of layers lie over: from the left, the right, and below. */
    covered() {
      const stage = this.stage.map.getContainer().getBoundingClientRect(), card = this.box.getBoundingClientRect();
      const layers = document.getElementById("pm-layers").getBoundingClientRect(), isBeside = card.top < stage.top + stage.height / 2;
      if (this.box.hidden || isSmall()) { return { left: 0, right: 0, below: this.box.hidden ? 0 : Math.max(0, stage.bottom - card.top) }; }
      return { left: isBeside ? card.right - stage.left : 0, right: stage.right - layers.left, below: 0 };
    }

    /* What a view must leave free. */
    paddings(spare) {
      const { left, right, below } = this.covered();
      return { paddingTopLeft: [left + spare, 80], paddingBottomRight: [right + spare, below + 40] };
    }

    /* The marker that the card is of stands out. */
    mark(isChosen) {
      const marker = this.now && this.stage.markerOf(this.now.key);
      if (marker) { marker.getElement().classList.toggle("pm-live-chosen", isChosen); }
    }

    enter() {
      const first = this.now && this.body.querySelector("button");
      if (first) { first.focus({ preventScroll: true }); }
    }

    close() {
      if (!this.now) { return; }
      const marker = this.stage.markerOf(this.now.key), had = this.box.contains(document.activeElement);
      this.mark(false);
      this.now = null;
      this.box.hidden = true;
      this.fit();
      this.body.replaceChildren();
      this.stage.moves.label();
      this.stage.lines.again();
      if (had) { (marker ? marker.getElement() : this.stage.map.getContainer()).focus({ preventScroll: true }); }
    }

    /* After an edit the card tells the new state; it closes where its item is gone. */
    update() {
      if (!this.now) { return; }
      const had = this.body.contains(document.activeElement), item = this.stage.itemOf(this.now);
      if (!item && this.now.point < 0) { this.close(); return; }
      if (item) { Object.assign(this.now, { key: item.key, card: () => this.stage.cards.card(item) }); }
      this.draw();
      if (had) { this.enter(); }
    }
  }

  live.dock = (stage) => new Dock(stage);
  live.cards = (stage) => new Cards(stage);
  live.pointCard = pointCard;
})(globalThis);
