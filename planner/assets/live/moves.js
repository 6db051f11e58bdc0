/* Lines of the live map: from where something stood to where it is now, and to where the people of an outlet go if it closes. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const COLORS = { moved: "#8a2d6b", closing: "#4d5257", held: "#1a1a1a" };
  const MOST_LINES = 12, MOST_LABELS = 5, LABEL_PX = 150, NEAR_ZOOM = 15; // of a closing; zoom up to which it is shown
  const ROOMY = 620; // pixels of map beside cards that long labels want
  const LEFT = 1, COVERED = 2; // of city.states
  const latLng = ([lon, lat]) => [lat, lon];

  /* What would lie over another label is moved below it. */
  function clear(labels) {
    const taken = [];
    labels.forEach((label) => {
      const { left, right, top, bottom } = label.getElement().getBoundingClientRect();
      let down = 0;
      const over = (one) => one.left < right && one.right > left && one.top < bottom + down && one.bottom > top + down;
      for (let other = taken.find(over); other; other = taken.find(over)) { down = other.bottom - top + 1; }
      taken.push({ left, right, top: top + down, bottom: bottom + down });
      if (!down) { return; }
      const [x, y] = label.options.offset;
      label.options.offset = [x, y + down];
      label.update();
    });
  }

  /* `stage` is the scene's: session, map, crowd, cards, items, siteItem(i), itemOf(now); its dock and carry are there when lines are drawn. */
  class Moves {
    constructor(stage) {
      Object.assign(this, { stage, session: stage.session, map: stage.map, labels: [], known: null });
      this.map.on("moveend", () => { if (this.labels.length) { this.label(); } });
    }

    paint(layer) {
      const { stage } = this, { line, mark, people, GAINED, GONE } = live.marks, { held } = stage.carry, { now } = stage.dock;
      const dashed = { color: COLORS.moved, width: 1.6, dash: [5, 4], arrow: true };
      stage.items.filter((item) => item.isAway || item.isMoved).forEach((item) => line(layer, this.homeOf(item), item.at, dashed));
      this.paintClosing(layer);
      if (now && now.point >= 0) { mark(layer, stage.crowd, now.point); }
      if (!held || !held.result) { return; }
      people(layer, stage.crowd, held.result.lost, () => GONE);
      people(layer, stage.crowd, held.result.newly, () => GAINED);
      if (held.home) { line(layer, held.home, held.place, { color: COLORS.held, width: 2, dash: [6, 5], arrow: true }); }
    }

    homeOf(item) {
      const { lon, lat } = this.session.meta.sites[item.site];
      return [lon, lat];
    }

    /* ---- closings ---- */
    /* Whom the closing of an outlet touches, under the shown standard; null where it does not serve that. */
    closingOf(i) {
      const { edit, standard, city, meta } = this.session, { id } = meta.sites[i], { known } = this;
      if (known && known.edit === edit && known.standard === standard && known.i === i) { return known.found; }
      this.known = { edit, standard, i, found: city.closing(this.session.withOpen(id), id, standard) };
      return this.known.found;
    }

    /* Whom the moving of an outlet touches, under the shown standard: people newly and no longer covered, and where those go
       whose nearest outlet it was at its old place. `plan` of its own new place is one beyond the plan. Null as above. */
    movingOf(i) {
      const { edit, standard, meta } = this.session, { id, standing } = meta.sites[i], { known } = this;
      if (known && known.edit === edit && known.standard === standard && known.i === i) { return known.found; }
      const inside = edit.plan.filter((entry) => live.edits.isOption(entry) && entry.site === id).map((entry) => entry.type);
      const type = [...standing, ...inside].find((one) => meta.standards[standard].served_by.includes(one));
      this.known = { edit, standard, i, found: type === undefined ? null : this.moving(id, type) };
      return this.known.found;
    }

    moving(id, type) {
      const { edit, standard, city, lastYear } = this.session, before = live.edits.reopen(edit, id), place = live.edits.movedOf(edit, id);
      const [was, now] = [before, edit].map((one) => city.states(one, standard)), changed = { newly: [], lost: [] };
      was.forEach((state, p) => {
        if (state === LEFT && now[p] === COVERED) { changed.newly.push(p); }
        if (state === COVERED && now[p] === LEFT) { changed.lost.push(p); }
      });
      const both = live.edits.add(before, { at: place, type, year: lastYear }), { nearest, moves } = city.closing(both, id, standard);
      return { nearest, moves, newly: this.stage.peopleOf(changed.newly), losing: this.stage.peopleOf(changed.lost) };
    }

    /* Of an outlet that was moved its moving, of any other its closing. */
    touchedOf(i) {
      const { edit, meta } = this.session;
      return live.edits.movedOf(edit, meta.sites[i].id) === null ? this.closingOf(i) : this.movingOf(i);
    }

    placeOf({ to, plan }, i) {
      const { sites, edit, meta } = this.session;
      if (to === "" && plan === edit.plan.length) { return live.edits.movedOf(edit, meta.sites[i].id); }
      return to === "" ? this.session.placeOf(edit.plan[plan]) : this.stage.siteItem(sites.get(to)).at;
    }

    /* The outlet in the open card, with where its people would go; none where the card is of something else. */
    open() {
      const { now } = this.stage.dock, { sites } = this.session.meta;
      const item = now && now.site >= 0 && sites[now.site].types !== "" && this.stage.itemOf(now);
      const found = item && !item.isAway ? this.touchedOf(now.site) : null;
      if (!found) { return null; }
      const from = item.isMoved ? this.homeOf(item) : this.stage.siteItem(now.site).at;
      const placed = found.moves.filter(({ to, plan }) => to !== "" || plan >= 0).slice(0, MOST_LINES);
      return { from, nearest: found.nearest, moves: placed.map((move) => ({ ...move, at: this.placeOf(move, now.site) })) };
    }

    /* To where they go: the more people, the wider. */
    paintClosing(layer) {
      const found = this.open();
      if (!found) { return; }
      const wide = (people) => 1.2 + 5 * Math.sqrt(people / Math.max(1, found.nearest));
      [...found.moves].reverse().forEach(({ people, at }) => {
        live.marks.line(layer, found.from, at, { color: COLORS.closing, width: wide(people), arrow: true });
      });
    }

    /* Names of where most go, beyond the ends of the lines, so that the outlet stays in sight. */
    label() {
      const { dock, cards } = this.stage, found = this.open(), { left, right } = dock.covered(), width = this.map.getSize().x;
      this.labels.forEach(live.marks.away);
      this.labels = (found ? found.moves.slice(0, MOST_LABELS) : []).map((move) => {
        const text = root.plannerPage.make("span", "", cards.moveLabel(move, width - left - right < ROOMY));
        const label = L.tooltip({ ...this.sideOf(found.from, move.at), permanent: true, className: "pm-live-label", opacity: 1 });
        return label.setLatLng(latLng(move.at)).setContent(text).addTo(this.map);
      });
      clear(this.labels);
    }

    /* The side of a place that is away from the outlet; above or below where a panel leaves no room beside it. */
    sideOf(from, at) {
      const { left, right } = this.stage.dock.covered(), width = this.map.getSize().x;
      const [outlet, end] = [from, at].map((place) => this.map.latLngToContainerPoint(latLng(place)));
      if (end.x < outlet.x && end.x - left > LABEL_PX) { return { direction: "left", offset: [-9, 0] }; }
      if (end.x >= outlet.x && width - right - end.x > LABEL_PX) { return { direction: "right", offset: [9, 0] }; }
      return end.y < outlet.y ? { direction: "top", offset: [0, -9] } : { direction: "bottom", offset: [0, 9] };
    }

    /* The outlet and all to where its people go, clear of the card. */
    fit() {
      const found = this.open();
      if (!found || !found.moves.length) { return; }
      const bounds = L.latLngBounds([found.from, ...found.moves.slice(0, MOST_LABELS).map(({ at }) => at)].map(latLng));
      this.map.fitBounds(bounds, { ...this.stage.dock.paddings(90), maxZoom: NEAR_ZOOM, animate: false });
    }
  }

  live.moves = (stage) => new Moves(stage);
})(globalThis);
