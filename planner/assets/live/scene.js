/* The room's plan on the map: its people, its sites with handles, cards and lines, over the signed map, which steps back. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const LEVELS = { points: 430, lines: 440, sites: 610 };
  const ABOVE = { planned: 20000, today: 10000, ghost: 8000, closed: 5000, candidate: 0 };
  const SAME = 1.5e-5; // degrees: places of the signed map are rounded
  const NEAR_ZOOM = 15, SLACK = 3; // zoom that a focus comes to; pixels beside a point that still mean it

  class Scene {
    constructor(session) {
      const { data, fill, map } = root.plannerPage, words = data.live.words.livemap;
      Object.assign(this, { session, meta: session.meta, map: map(), data, markers: new Map(), items: [], states: new Map() });
      this.say = (key, values) => fill(words[key], values || {});
      this.crowd = live.marks.crowd(session.city.load.points);
      this.drawn = new Uint8Array(session.city.load.points.n);
      this.map.createPane("live-sites").style.zIndex = LEVELS.sites;
      this.points = live.marks.canvasLayer(this.map, "live-points", LEVELS.points, (layer) => live.marks.wholeCrowd(layer, this.crowd, this.drawn));
      this.lines = live.marks.canvasLayer(this.map, "live-lines", LEVELS.lines, (layer) => this.moves.paint(layer));
      this.moves = live.moves(this);
      this.cards = live.cards(this);
      this.dock = live.dock(this);
      this.carry = live.carry(this);
      this.buildRibbon();
      this.listen();
    }

    listen() {
      const { map, session } = this;
      session.on((_, what, more) => this.told(what, more));
      map.on("zoomend", () => { if (session.isOn) { this.resize(); } });
      map.on("click", (event) => this.clicked(event));
      map.on("popupopen", ({ popup }) => { if (session.isOn) { requestAnimationFrame(() => this.instead(popup)); } });
      /* Leaflet writes its list anew whenever a layer comes or goes. */
      const list = document.getElementById("pm-layers");
      new MutationObserver(() => this.hideSigned(session.isOn)).observe(list, { childList: true, subtree: true });
      if (session.isOn) { this.turn(); }
    }

    told(what, more) {
      if (what === "live") { this.turn(); }
      if (!this.session.isOn) { return; }
      if (what === "edit") { this.carry.cancel(); this.refresh(); }
      if (what === "standard") { this.refresh(); this.carry.restart(); }
      if (what === "adding") { this.adding(); }
      if (what === "preview") { this.writeRibbon(); }
      if (what === "focus") { this.focus(more); }
      if (what === "closing") { this.focus(more); this.moves.fit(); }
    }

    /* ---- on and off ---- */
    turn() {
      const { isOn } = this.session, { map } = this;
      document.body.classList.toggle("pm-live-on", isOn);
      map.closePopup();
      this.dock.close();
      this.hideSigned(isOn);
      this.ribbon.hidden = !isOn;
      if (isOn) {
        [this.points, this.lines].forEach((layer) => layer.addTo(map));
        this.key.addTo(map);
        this.resize();
        this.refresh();
        return;
      }
      this.carry.cancel();
      [this.points, this.lines, this.key].forEach((layer) => layer.remove());
      this.markers.forEach(({ marker }) => marker.remove());
      this.markers.clear();
    }

    /* Layers of signed sites and people do nothing while they are out of sight: their boxes are out of sight as well. */
    hideSigned(isOn) {
      const { words } = root.plannerPage, kinds = ["left_plan", "left_today", "not_judged", "edits"].map((key) => words[key].split("{")[0]);
      const begins = [...this.data.sites.groups.map(({ name }) => name), ...kinds];
      document.querySelectorAll("#pm-layers .leaflet-control-layers-overlays label").forEach((label) => {
        if (begins.some((begin) => label.textContent.trim().startsWith(begin))) { label.hidden = isOn; }
      });
    }

    resize() {
      const pixels = root.plannerLayers.pixels(this.data.spacing.points);
      live.marks.size(this.crowd, Math.min(8, Math.max(3.4, pixels)));
      this.points.again();
    }

    refresh() {
      this.items = this.listed();
      this.syncMarkers();
      this.recolor();
      this.writeRibbon();
      this.dock.update();
      this.lines.again();
    }

    /* The signed plan's states do not change: they are asked for once. */
    statesOf(name, edit) {
      const { standard, city } = this.session, key = `${name} ${standard}`;
      if (!this.states.has(key)) { this.states.set(key, city.states(edit, standard)); }
      return this.states.get(key);
    }

    recolor() {
      const { city, edit, start, standard } = this.session;
      this.drawn = live.marks.kinds(city.states(edit, standard), this.statesOf("today", city.today), this.statesOf("start", start));
      this.points.again();
    }

    /* ---- what stands where ---- */
    listed() {
      const entries = this.listedEntries(), here = new Set(entries.filter((item) => !item.isAway).map((item) => item.site));
      return [...entries, ...this.listedSites(here)];
    }

    /* What is planned, in build order, then what the signed plan builds and the room does not. */
    listedEntries() {
      const { session } = this, { edit, start } = session, { edits } = live;
      const gone = start.plan.filter((entry) => edits.indexOf(edit.plan, entry) < 0 && !edit.closed.includes(entry.site));
      let news = 0;
      const item = (entry, index) => {
        const origin = edits.origin(entry), site = origin ? session.sites.get(origin.site) : -1, isAway = origin !== null && !edits.isOption(entry);
        const key = origin ? `o:${origin.site}:${origin.type}:${origin.size}` : `n:${news += 1}`;
        const isChanged = index < 0 || isAway || session.signedNumber(entry) === 0;
        const look = { state: index < 0 ? "ghost" : "planned", form: this.formOf(entry.type), number: session.signedNumber(entry) };
        return { ...look, key, site, index, entry, isAway, isChanged, at: session.placeOf(entry) };
      };
      return [...edit.plan.map(item), ...gone.map((entry) => item(entry, -1))];
    }

    siteItem(i) {
      const { edit } = this.session, site = this.meta.sites[i], stands = site.types !== "", isClosed = edit.closed.includes(site.id);
      const state = stands ? (isClosed ? "closed" : "today") : site.status === "candidate" ? "candidate" : "closed";
      const moved = live.edits.movedOf(edit, site.id), at = moved || [site.lon, site.lat], isMoved = moved !== null;
      const form = stands ? this.formOf(site.standing[0]) : 1;
      return { key: `s:${i}`, site: i, index: -1, entry: null, isAway: false, isMoved, isChanged: isClosed || isMoved, at, state, form, number: 0 };
    }

    /* A candidate lies under what is planned there, which has the card of both. */
    listedSites(here) {
      return this.meta.sites.map((site, i) => this.siteItem(i)).filter((item) => item.state !== "candidate" || !here.has(item.site));
    }

    itemsAt(i) {
      return this.items.filter((item) => item.entry !== null && item.site === i);
    }

    formOf(type) {
      return Math.max(0, this.meta.types.findIndex((one) => one.type === type));
    }

    typeName({ type, size }) {
      return live.names.typeName(this.session, type, size);
    }

    typesOf(site) {
      return site.standing.map((type) => this.typeName({ type, size: "" })).join(this.say("and"));
    }

    siteName(i) {
      return live.names.siteName(this.session, this.meta.sites[i].id);
    }

    nameOf(item) {
      return item.entry ? live.names.entryName(this.session, item.entry) : this.siteName(item.site);
    }

    outletName(id, plan) {
      return live.names.goesTo(this.session, id, plan);
    }

    peopleOf(points) {
      const { people } = this.session.city.load.points;
      let sum = 0;
      for (let k = 0; k < points.length; k += 1) { sum += people[points[k]]; }
      return sum;
    }

    /* Off the network nobody is reached by road; a straight line needs none. */
    isOff(result) {
      const { city, edit, standard } = this.session, way = city.wayOf(this.meta.standards[standard], edit.metric);
      return result.foot === null && way.mode !== "straight";
    }

    /* ---- markers ---- */
    icon(look) {
      const className = `pm-site pm-live-site pm-live-${look.state}`;
      return L.divIcon({ className, html: live.marks.symbol(look), iconSize: [24, 24], iconAnchor: [12, 12] });
    }

    lookOf(item) {
      const { state, form, isChanged, index, isMoved } = item, number = item.entry ? item.number || this.say("new_short") : 0;
      return { state, form, number, isChanged, hasHandle: index >= 0 || Boolean(isMoved) };
    }

    titleOf(item) {
      const number = item.number ? this.say("number_short", { n: item.number }) : "";
      return [number, this.nameOf(item), this.say(item.isChanged ? "title_changed" : `title_${item.state}`)].filter(Boolean).join(" · ");
    }

    syncMarkers() {
      const wanted = new Set(this.items.map((item) => item.key));
      this.markers.forEach(({ marker }, key) => {
        if (!wanted.has(key)) { marker.remove(); this.markers.delete(key); }
      });
      this.items.forEach((item) => this.syncMarker(item));
    }

    syncMarker(item) {
      const look = this.lookOf(item), title = this.titleOf(item), sign = JSON.stringify([look, title]);
      const known = this.markers.get(item.key), at = [item.at[1], item.at[0]];
      if (known && known.sign === sign) {
        if (String(known.item.at) !== String(item.at)) { known.marker.setLatLng(at); }
        known.item = item;
        return;
      }
      const focused = known && document.activeElement === known.marker.getElement();
      if (known) { known.marker.remove(); }
      const marker = L.marker(at, {
        icon: this.icon(look), pane: "live-sites", title, alt: title, zIndexOffset: ABOVE[item.state], autoPanPadding: [0, 0], riseOnHover: true,
      });
      const act = () => { if (!this.carry.held) { this.show(this.markers.get(item.key).item); } };
      marker.on("click", () => { if (!this.carry.quiet) { act(); } }).on("keypress", ({ originalEvent }) => {
        if (originalEvent.key === "Enter" || originalEvent.key === " ") { originalEvent.preventDefault(); act(); this.dock.enter(); }
      });
      marker.addTo(this.map).getElement().dataset.key = item.key;
      marker.getElement().setAttribute("aria-label", title);
      this.markers.set(item.key, { marker, item, sign });
      if (focused) { marker.getElement().focus({ preventScroll: true }); }
    }

    markerOf(key) {
      const known = this.markers.get(key);
      return known ? known.marker : null;
    }

    /* ---- moving ---- */
    /* What a press on a marker takes up: what is planned, and outlets that were moved already. */
    heldOf(icon) {
      const known = icon && this.markers.get(icon.dataset.key);
      return known && (known.item.index >= 0 || known.item.isMoved) ? this.held(known.item) : null;
    }

    held(item) {
      const { session } = this, name = this.nameOf(item), words = this.say("did_move", { name });
      const drag = item.entry ? { plan: item.index } : { site: this.meta.sites[item.site].id };
      const moved = (at) => (item.entry ? live.edits.movePlanned(session.edit, drag.plan, at) : live.edits.moveSite(session.edit, drag.site, at));
      const commit = (at) => session.apply(moved(at), words);
      return { drag, key: item.key, home: item.at, at: item.at, look: this.lookOf(item), name, commit };
    }

    move(item) {
      this.carry.begin(this.held(item));
    }

    adding() {
      const { session } = this, { adding } = session, { lng, lat } = this.map.getCenter();
      if (!adding) { this.carry.cancel(); return; }
      const at = this.carry.swap() || [lng, lat];
      const name = this.typeName(adding), look = { state: "planned", form: this.formOf(adding.type), number: this.say("new_short"), isChanged: true };
      this.carry.begin({
        drag: adding, key: null, home: null, at, look, name,
        commit: (place) => session.place(place, this.say("did_add", { type: name })), giveUp: () => session.add(null),
      });
    }

    /* The focus stays with what was set down. */
    after(held) {
      const last = this.items.find((item) => item.index === this.session.edit.plan.length - 1 && item.entry);
      const known = this.markers.get(held.key || (last && last.key));
      if (known) { known.marker.getElement().focus({ preventScroll: true }); }
    }

    apply(edit, words) {
      this.session.apply(edit, words);
    }

    clicked({ latlng }) {
      if (!this.session.isOn || this.carry.quiet) { return; }
      if (this.carry.held) { this.carry.tap(latlng); return; }
      const i = live.marks.pointAt(this.map, this.crowd, this.drawn, latlng, SLACK);
      if (i >= 0) { this.showPoint(i); } else { this.dock.close(); }
    }

    /* ---- cards ---- */
    show(item) {
      this.dock.open({ key: item.key, site: item.site, point: -1, card: () => this.cards.card(item) }, item.at);
    }

    showPoint(i) {
      const { lon, lat } = this.session.city.load.points;
      this.dock.open({ key: null, site: -1, point: i, card: () => live.pointCard(this, i) }, [lon[i], lat[i]]);
    }

    /* What an open card is of by now: where its item is gone, what else there is at its site. */
    itemOf({ key, site }) {
      return this.items.find((one) => one.key === key) || (site >= 0 && this.items.find((one) => one.site === site && !one.isAway)) || null;
    }

    focus(what) {
      const { option, plan, site } = what, id = option === undefined ? site : this.meta.sites[this.meta.options[option].site].id;
      const at = this.session.sites.get(id), isPlanned = plan !== undefined;
      const isMeant = (one) => (isPlanned ? one.entry && one.index === plan : one.site === at && !one.isAway);
      const item = this.items.find(isMeant);
      if (!item) { return; }
      this.carry.cancel();
      this.map.setView([item.at[1], item.at[0]], Math.max(this.map.getZoom(), NEAR_ZOOM), { animate: false });
      this.show(item);
    }

    /* A card of the signed map, which a search opens, gives way to the room's card of the same place. */
    instead(popup) {
      const source = popup._source;
      if (!source || source.row === undefined || !this.map.hasLayer(popup)) { return; }
      const { lat, lng } = source.getLatLng(), { points } = this.session.city.load;
      const isHere = ([lon, y]) => Math.abs(lon - lng) < SAME && Math.abs(y - lat) < SAME;
      const item = source.state === undefined ? null : this.items.find((one) => isHere(one.at));
      const i = source.state === undefined ? points.lon.findIndex((lon, k) => isHere([lon, points.lat[k]])) : -1;
      if (item || i >= 0) { this.carry.cancel(); this.map.closePopup(popup); }
      if (item) { this.show(item); }
      if (i >= 0) { this.showPoint(i); }
    }

    /* People of a point carry no names in the load: those of the signed map's points at the same place. */
    pointName(i) {
      const { lon, lat, people } = this.session.city.load.points, signed = this.data.points;
      const keyOf = (x, y, n) => `${Math.round(x * 1e5)} ${Math.round(y * 1e5)} ${n}`;
      if (!this.names) {
        this.names = new Map();
        const places = root.plannerPage.unpack(signed.place)[0] || [];
        places.forEach(([y, x], row) => this.names.set(keyOf(x, y, signed.people[row]), signed.name[row]));
      }
      return this.names.get(keyOf(lon[i], lat[i], people[i]));
    }

    /* ---- the ribbon across the map ---- */
    buildRibbon() {
      const { make, append } = root.plannerPage;
      this.ribbon = make("div", "pm-live-ribbon");
      this.figure = make("span", "pm-live-figure");
      this.standardName = make("span", "pm-live-standard");
      const note = make("span", "pm-ribbon-note", this.say("not_signed"));
      append(this.ribbon, make("strong", "", this.say("mark")), this.standardName, this.figure, note);
      this.ribbon.hidden = true;
      append(document.getElementById("pm-stage"), this.ribbon);
      this.key = L.control({ position: "bottomright" });
      this.key.onAdd = () => append(make("div", "pm-live-key"), this.keys());
    }

    writeRibbon() {
      const { base, figures, previewed, standard } = this.session;
      const signed = base.standards[standard], now = figures.standards[standard];
      const isMoving = previewed && previewed.covered, covered = isMoving ? previewed.covered[standard] : now.covered;
      const people = isMoving && previewed.people ? previewed.people[standard] : now.people;
      const { share, signed: withSign } = live.kit, values = {
        before: share(signed.covered, signed.people), after: share(covered, people), more: withSign(covered - signed.covered),
      };
      this.standardName.textContent = this.meta.standards[standard].name;
      this.figure.textContent = this.say(this.meta.signed.plan ? "figure" : "figure_today", values);
    }

    keys() {
      return live.marks.keys(this.say, Boolean(this.meta.signed.plan));
    }
  }

  live.scene = (session) => new Scene(session);
})(globalThis);
