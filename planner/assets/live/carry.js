/* One facility in the hand: dragged by mouse, held by a long press, or moved by keys and taps until it is set down. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const NEAR = 4, FAR_TOUCH = 10; // pixels: before a press is a drag; that a finger may slip in a long press
  const HOLD_MS = 450, QUIET_MS = 150, TELL_MS = 350; // a long press; clicks right after a drag; wait before the reader is told
  const STEP = 8, LARGE = 64; // pixels that an arrow key moves, alone and with Shift
  const EDGE = 24, TOP = 28; // pixels: where a drag pulls the map; of the ribbon above it
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /* `stage` is the scene's: session, map, say, lines (a canvas layer), icon(look), peopleOf(points), isOff(result), heldOf(marker), markerOf(key). */
  class Carry {
    constructor(stage) {
      Object.assign(this, { stage, map: stage.map, held: null, press: null, spent: null, quiet: false });
      const pane = this.map.getPane("live-sites");
      pane.addEventListener("pointerdown", (event) => this.down(event));
      pane.addEventListener("mousedown", (event) => this.keepMap(event));
      pane.addEventListener("contextmenu", (event) => event.preventDefault());
      document.addEventListener("pointermove", (event) => this.move(event));
      document.addEventListener("pointerup", (event) => this.up(event));
      document.addEventListener("pointercancel", (event) => this.lose(event));
      document.addEventListener("keydown", (event) => this.key(event), true);
      this.map.on("mousemove", (event) => { if (this.held && !this.press) { this.to(event.latlng); } });
      this.stage.session.on((_, what) => { if (what === "edit" && this.press) { this.forget(); } }); // it was of the edit before
      this.buildBar();
    }

    /* ---- taking up and setting down ---- */
    /* `held`: {drag (of city.drag), key of its marker or null, home [lon, lat] or null, at, look, name, commit(at), giveUp()}. */
    begin(held) {
      this.cancel();
      const { session } = this.stage;
      const drawn = (at, options) => L.marker([at[1], at[0]], { icon: this.stage.icon(held.look), pane: "live-sites", ...options }).addTo(this.map);
      const marker = held.key ? this.stage.markerOf(held.key) : drawn(held.at, { title: held.name, zIndexOffset: 40000 });
      const shade = held.home ? drawn(held.home, { interactive: false, keyboard: false, opacity: 0.35 }) : null;
      const reach = session.city.drag(session.edit, held.drag, session.standard).at;
      this.held = { ...held, marker, shade, reach, wanted: held.at, result: null, frame: 0 };
      document.body.classList.add("pm-carrying");
      this.map.closePopup();
      this.stage.dock.close();
      this.bubble = L.tooltip({ permanent: true, direction: "top", offset: [0, -16], className: "pm-live-bubble", opacity: 1 });
      if (!this.press) {
        this.bar.hidden = false;
        marker.getElement().focus({ preventScroll: true });
        this.keepInView(marker.getLatLng());
      }
      this.ask();
    }

    /* The standard that is shown changed: the figures are those of the new one. */
    restart() {
      if (!this.held) { return; }
      const { session } = this.stage;
      const { wanted } = this.held;
      this.held.reach = session.city.drag(session.edit, this.held.drag, session.standard).at;
      this.to(L.latLng(wanted[1], wanted[0]));
    }

    /* Another new place is asked for: the one in the hand goes without ending that. Returns where it was, or null. */
    swap() {
      if (!this.held || !this.held.giveUp) { return null; }
      const { wanted } = this.held;
      this.held.giveUp = null;
      this.cancel();
      return wanted;
    }

    to(latlng) {
      this.held.wanted = [latlng.lng, latlng.lat];
      this.held.marker.setLatLng(latlng);
      this.ask();
    }

    /* At most one search a frame. */
    ask() {
      this.held.frame = this.held.frame || requestAnimationFrame(() => this.count());
    }

    count() {
      const { held, stage } = this;
      if (!held) { return; }
      held.frame = 0;
      held.place = live.edits.cell(held.wanted);
      held.result = held.reach(...held.place);
      stage.session.preview(held.result);
      const text = this.told(held.result), box = root.plannerPage.make("span", stage.isOff(held.result) ? "pm-live-off" : "", text);
      this.bubble.setLatLng([held.place[1], held.place[0]]).setContent(box);
      if (!this.map.hasLayer(this.bubble)) { this.bubble.addTo(this.map); }
      stage.lines.again();
      clearTimeout(this.telling);
      this.telling = setTimeout(() => { if (this.held) { this.hint.textContent = `${held.name} ${text}`; } }, TELL_MS);
    }

    told(result) {
      const { stage } = this, { digits } = root.plannerPage, metres = digits(Math.round(stage.session.meta.snap_max_mm / 1000));
      const values = { more: digits(stage.peopleOf(result.newly)), fewer: digits(stage.peopleOf(result.lost)), metres };
      return stage.say(stage.isOff(result) ? "bubble_off" : "bubble", values);
    }

    end() {
      const { held } = this;
      cancelAnimationFrame(held.frame);
      clearTimeout(this.telling);
      this.held = null;
      this.spent = this.press && this.press.id; // given up by a key: the button is still down
      this.press = null;
      this.bar.hidden = true;
      this.hint.textContent = "";
      document.body.classList.remove("pm-carrying");
      live.marks.away(this.bubble);
      if (held.shade) { held.shade.remove(); }
      if (!held.key) { held.marker.remove(); }
      this.map.dragging.enable();
      this.stage.session.preview(null);
      this.stage.lines.again();
      return held;
    }

    /* The click that ends a drag or a long press is none on the map. */
    hush() {
      clearTimeout(this.hushing);
      this.quiet = true;
      this.hushing = setTimeout(() => { this.quiet = false; }, QUIET_MS);
    }

    drop() {
      if (!this.held) { return; }
      const place = live.edits.cell(this.held.wanted), { home } = this.held;
      if (home && String(live.edits.cell(home)) === String(place)) { this.cancel(); return; } // tables may place it between cells
      const held = this.end();
      held.commit(place);
      this.stage.after(held);
    }

    /* Back where it was. */
    cancel() {
      if (!this.held) { return; }
      const held = this.end();
      if (held.home) { held.marker.setLatLng([held.home[1], held.home[0]]); }
      if (held.giveUp) { held.giveUp(); }
      this.stage.after(held);
    }

    /* ---- mouse and fingers ---- */
    down(event) {
      const icon = event.target.closest(".pm-live-site"), held = this.held || event.button ? null : this.stage.heldOf(icon);
      if (this.press && this.press.id !== event.pointerId) { this.lose({ pointerId: this.press.id }); }
      if (!held) { return; }
      const at = this.map.mouseEventToContainerPoint(event), home = this.map.latLngToContainerPoint([held.at[1], held.at[0]]);
      this.press = { id: event.pointerId, icon, at, grip: home.subtract(at), isTouch: event.pointerType === "touch", timer: 0, moved: false };
      if (this.press.isTouch) { this.press.timer = setTimeout(() => this.hold(), HOLD_MS); }
    }

    /* A press on what may be dragged does not pull the map along. */
    keepMap(event) {
      if (this.press && !this.press.isTouch) {
        event.preventDefault();
        event.stopPropagation();
      }
    }

    hold() {
      this.map.dragging.disable();
      this.takeUp();
    }

    /* What is on the pressed marker by now: which entry of the plan that is may have changed since. */
    takeUp() {
      const held = this.stage.heldOf(this.press.icon);
      if (held) { this.begin(held); } else { this.forget(); }
    }

    move(event) {
      const { press } = this;
      if (!press || press.id !== event.pointerId) { return; }
      const at = this.map.mouseEventToContainerPoint(event), far = at.distanceTo(press.at);
      if (!this.held && press.isTouch && far > FAR_TOUCH) { this.forget(); }
      if (!this.held && !press.isTouch && far > NEAR) { this.takeUp(); }
      if (this.held && this.press && (press.moved || far > NEAR)) {
        press.moved = true;
        this.pull(at);
        this.to(this.map.containerPointToLatLng(at.add(press.grip)));
      }
    }

    /* At the edge of the map what is dragged pulls the map along. */
    pull({ x, y }) {
      const { x: width, y: height } = this.map.getSize(), side = (from, to) => (from < EDGE ? -EDGE : to < EDGE ? EDGE : 0);
      const by = [side(x, width - x), side(y - TOP, height - y)];
      if (by[0] || by[1]) { this.map.panBy(by, { animate: false }); }
    }

    forget() {
      clearTimeout(this.press.timer);
      this.press = null;
    }

    /* What was held without being moved stays in the hand: a tap sets it down. */
    up(event) {
      const { press } = this;
      if (this.spent === event.pointerId) {
        this.spent = null;
        this.hush();
      }
      if (!press || press.id !== event.pointerId) { return; }
      this.forget();
      if (!this.held) { return; }
      this.hush();
      if (press.moved) { this.drop(); return; }
      this.map.dragging.enable();
      this.bar.hidden = false;
    }

    lose(event) {
      if (!this.press || this.press.id !== event.pointerId) { return; }
      this.forget();
      this.cancel();
    }

    /* A click or a tap on the map while something is in the hand. */
    tap(latlng) {
      this.to(latlng);
      this.drop();
    }

    /* ---- keys ---- */
    key(event) {
      if (!this.held || event.isComposing) { return; }
      const onMap = this.map.getContainer().contains(event.target) || event.target === document.body, arrow = ARROWS[event.key];
      if (event.key !== "Escape" && !(onMap && (arrow || event.key === "Enter"))) { return; }
      if (event.key === "Escape") { this.cancel(); }
      if (event.key === "Enter" && !event.repeat) { this.drop(); }
      if (arrow) { this.step(arrow, event.shiftKey ? LARGE : STEP); }
      event.preventDefault();
      event.stopPropagation();
    }

    step([x, y], pixels) {
      const [lon, lat] = this.held.wanted, at = this.map.latLngToContainerPoint([lat, lon]);
      const latlng = this.map.containerPointToLatLng(at.add([x * pixels, y * pixels]));
      this.to(latlng);
      this.keepInView(latlng);
    }

    /* Clear of the edges, of what lies above the map and of the bar below. */
    keepInView(latlng) {
      this.map.panInside(latlng, { paddingTopLeft: [60, 110], paddingBottomRight: [60, this.bar.offsetHeight + 50], animate: false });
    }

    /* ---- the bar under the map that says how to set it down ---- */
    buildBar() {
      const { make, append, button } = root.plannerPage, { say } = this.stage;
      this.bar = make("div", "pm-carry-bar");
      this.hint = make("span", "pm-live-told");
      this.hint.setAttribute("role", "status");
      const hint = say(window.matchMedia("(pointer: coarse)").matches ? "carry_hint_touch" : "carry_hint");
      append(this.bar, make("span", "", hint), button(say("set_down"), () => this.drop()), button(say("give_up"), () => this.cancel()));
      this.bar.hidden = true;
      append(document.getElementById("pm-stage"), this.bar, this.hint);
    }
  }

  live.carry = (stage) => new Carry(stage);
})(globalThis);
