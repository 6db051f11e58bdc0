// What if: one facility dragged over the map, and the next place that would newly cover most people for the money.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  // --- one facility dragged -------------------------------------------------------------------------------------------

  // The edit without what is dragged, and the types that move with it: `standing` of them stand there today.
  function lifted(room, edit, item) {
    if (item.plan !== undefined) {
      return { rest: { ...edit, plan: edit.plan.filter((_, k) => k !== item.plan) }, types: [edit.plan[item.plan].type], standing: [] };
    }
    const typesOf = (id) => room.meta.sites[room.numbers.get(id)].standing;
    // a new one at an outlet of today (`within`) is heard of field checks as that outlet is
    if (item.site === undefined) return { rest: edit, types: [item.type], standing: item.within === undefined ? [] : typesOf(item.within) };
    const standing = typesOf(item.site);
    const along = edit.plan.filter((entry) => !entry.at && entry.site === item.site).map((entry) => entry.type);
    const rest = { ...edit, closed: [...edit.closed, item.site], plan: edit.plan };
    return { rest, types: [...standing, ...along], standing };
  }

  // What a standard sees of a drag, the field checks being as in `open`: who is covered whatever place is tried, and what the
  // dragged facility would serve. `was` are the states of the points before (`city.states`).
  function viewOf(room, calm, s, open, was, item) {
    const { points, meta } = room.load, basis = room.tallier.basis(open, s), { COUNTS, MET, UNMET, PLACELESS } = live.codes;
    const serves = (types) => types.some((type) => meta.standards[s].served_by.includes(type));
    const outlet = serves(item.standing), serving = serves(item.types), times = calm.times(open, s).slice();
    const closed = new Uint8Array(points.n), gained = [], held = [];
    for (let p = 0; p < points.n; p++) {
      const code = basis.code[p];
      // an outlet anywhere makes a point met that was found so, and anything open one of which nobody knows the outlet
      if (serving && code & MET && times[p] < 1 && (code & PLACELESS || outlet)) times[p] = 1;
      const deaf = !(code & COUNTS) || (code & UNMET && (outlet || code & PLACELESS));
      closed[p] = times[p] > 0 || deaf ? 1 : 0;
      if (code & COUNTS && times[p] > 0 && was[p] === 1) gained.push(p);
      if (code & COUNTS && times[p] < 1 && was[p] === 2) held.push(p);
    }
    const found = room.tallier.covered(open, s, times), needs = room.tallier.needs(open, s);
    return {
      s, serving, kind: open.kinds[s], limit: open.limits[s], was, basis, needs,
      closed, // covered without it, or never by it
      gained, // covered wherever it is, but not before: a field check is overtaken
      held, // covered only by it where it stands now
      people: found.people,
      byUnit: found.byUnit,
      communities: needs.reduce((many, need, u) => many + (need !== Infinity && found.byUnit[u] >= need ? 1 : 0), 0),
      more: new Float64Array(meta.units.length),
      touched: new Int32Array(meta.units.length),
    };
  }

  // Adds what the found points give under one standard; `note` is told of every point that becomes covered.
  function reachedBy(view, out, count, people, note) {
    const { closed, limit, byUnit, needs, more, touched } = view, { unitOf } = view.basis, { point, cost } = out;
    let sum = view.people, communities = view.communities, many = 0;
    for (let k = 0; k < count; k++) {
      const p = point[k];
      if (cost[k] > limit || closed[p]) continue;
      sum += people[p];
      if (note) note(p);
      const u = unitOf[p];
      if (u < 0 || !people[p]) continue;
      if (!more[u]) touched[many++] = u;
      more[u] += people[p];
    }
    for (let k = 0; k < many; k++) {
      const u = touched[k];
      if (byUnit[u] < needs[u] && byUnit[u] + more[u] >= needs[u]) communities++;
      more[u] = 0;
    }
    return [sum, communities];
  }

  // Views that one search serves, by kind.
  function grouped(views) {
    const groups = new Map();
    for (const view of views.filter((one) => one.serving)) {
      const known = groups.get(view.kind.key) || { limit: 0, views: [] };
      groups.set(view.kind.key, { kind: view.kind, limit: Math.max(known.limit, view.limit), views: [...known.views, view] });
    }
    return [...groups.values()];
  }

  // Views of a drag by standard, at a place: they change only where the dragged outlet overtakes a field check there, or no more.
  function viewer(room, calm, edit, item) {
    const lift = lifted(room, edit, item), full = room.laid(edit), open = { ...room.laid(lift.rest), codes: full.codes };
    const was = room.load.meta.standards.map((_, k) => room.states(full, k));
    const make = (codes) => was.map((states, k) => viewOf(room, calm, k, { ...open, codes }, states, lift));
    const follows = item.site !== undefined && room.checker.follows(room.numbers.get(item.site));
    let codes = full.codes, views = make(codes);

    return (lon, lat) => {
      if (!follows) return views;
      const moved = { ...edit.moved, [item.site]: [lon, lat] }, now = room.checker.codes({ ...full, edit: { ...edit, moved } });
      if (now.some((code, k) => code !== codes[k])) [codes, views] = [now, make(now)];
      return views;
    };
  }

  // city.drag(edit, item, s): figures of the edit with the item at any place, by one search a network: who is counted and
  // covered, how many communities (`units`) are judged and covered, by standard. `newly` and `lost`
  // are points under standard s against the edit as it stands.
  live.dragger = function (room) {
    const { points, meta } = room.load, newly = new Int32Array(points.n), lost = new Int32Array(points.n);
    const seen = new Int32Array(points.n);
    let calm = null, turn = 0;

    return function (edit, item, s = 0) {
      calm = calm || room.newCounter();
      const viewsAt = viewer(room, calm, edit, item);

      function at(lon, lat) {
        const place = { lon, lat, feet: {} }, views = viewsAt(lon, lat), shown = views[s];
        const covered = views.map((view) => view.people), communities = views.map((view) => view.communities);
        let many = 0, fewer = 0;
        turn++;
        const note = (p) => {
          seen[p] = turn;
          if (shown.was[p] === 1) newly[many++] = p;
        };
        shown.gained.forEach(note);
        for (const { kind, limit, views: of } of grouped(views)) {
          const count = room.survey.search(place, kind, limit);
          for (const view of of) {
            [covered[view.s], communities[view.s]] = reachedBy(view, room.survey.out, count, points.people, view === shown ? note : null);
          }
        }
        for (const p of shown.held) if (seen[p] !== turn) lost[fewer++] = p;
        const foot = room.survey.footOf(place, shown.kind.mode === "straight" ? meta.modes[0] : shown.kind.mode);
        const people = views.map((view) => view.basis.people), units = views.map((view) => view.basis.communities);
        return { foot, people, units, covered, communities, newly: newly.slice(0, many), lost: lost.slice(0, fewer) };
      }

      return { at };
    };
  };

  // --- the best next place --------------------------------------------------------------------------------------------

  // Whether a / b is more than c / d, for whole numbers from 0 on, exactly: above zero, zero, or below.
  live.compareRatios = function (a, b, c, d) {
    const left = a * d, right = c * b;
    if (left < 2 ** 53 && right < 2 ** 53) return left - right;
    const [one, other] = [BigInt(a) * BigInt(d), BigInt(c) * BigInt(b)];
    return one > other ? 1 : one < other ? -1 : 0;
  };

  // People of `wanted` whom a facility at a place would help.
  function newlyBy(room, open, s, wanted, place, outlet) {
    const code = open.codes[s], { UNMET, PLACELESS } = live.codes;
    const { point, cost } = room.survey.reachOf(place, open.kinds[s], open.kinds[s].limit), limit = open.limits[s];
    let sum = 0;
    for (let k = 0; k < point.length; k++) {
      const p = point[k];
      if (cost[k] > limit || !wanted[p] || code[p] & PLACELESS) continue;
      if (!(code[p] & UNMET && outlet)) sum += wanted[p];
    }
    return sum;
  }

  // People of `wanted` whom an outlet serves by a field check alone, by its site: what is added in it serves them too.
  function boundTo(room, open, s, wanted) {
    const { lon, lat } = room.load.points, found = new Map();
    for (const p of room.counter.unreached(open, s)) {
      const spot = wanted[p] ? live.nearestOutlet(open, s, lon[p], lat[p]) : null;
      if (spot) found.set(spot.site, (found.get(spot.site) || 0) + wanted[p]);
    }
    return found;
  }

  // People of `wanted` who were found covered, nobody knows by which outlet: they are again as soon as anything is open, and
  // wait only while nothing is.
  function againBy(room, open, s, wanted) {
    const { MET, PLACELESS } = live.codes, { rows, code } = room.tallier.basis(open, s);
    return rows.reduce((sum, p) => sum + (code[p] & MET && code[p] & PLACELESS ? wanted[p] : 0), 0);
  }

  // city.best(edit, s, types, asked): options that are not in the plan, moved or not, and would newly cover somebody, most
  // people for the money first (what it costs within the horizon), then most people, then as the options stand.
  // asked.goal {goal: g, scope} counts whom a goal waits for; asked.yearOf(k) is the year in which option k would open: the
  // last one if nothing is said.
  live.adviser = function (room) {
    const { meta } = room;

    return function (edit, s, types = null, { goal = null, yearOf = () => room.lastYear } = {}) {
      const open = room.laid(edit), wanted = room.tallier.waiting(open, s, room.counter.times(open, s), goal);
      const planned = new Set(edit.plan.map((entry) => (entry.at ? entry.from : entry.site) + " " + entry.type));
      const spots = new Map(open.spots.filter((spot) => spot.site >= 0).map((spot) => [spot.site, spot]));
      const again = againBy(room, open, s, wanted), bound = boundTo(room, open, s, wanted), known = new Map();
      const newlyAt = (i) => {
        const spot = spots.get(i), place = spot ? spot.place : room.places.sites[i];
        return again + newlyBy(room, open, s, wanted, place, spot ? spot.outlet[s] : 0) + (bound.get(i) || 0);
      };
      const found = [];
      meta.options.forEach((option, k) => {
        const { id } = meta.sites[option.site];
        if (!meta.standards[s].served_by.includes(option.type) || (types && !types.includes(option.type))) return;
        if (planned.has(id + " " + option.type) || edit.closed.includes(id)) return;
        if (!known.has(option.site)) known.set(option.site, newlyAt(option.site));
        const newly = known.get(option.site);
        if (newly > 0) found.push({ option: k, newly, cost: room.prices.total(option, yearOf(k)) });
      });
      return found.sort((a, b) => live.compareRatios(b.newly, b.cost, a.newly, a.cost) || b.newly - a.newly || a.option - b.option);
    };
  };
})(globalThis);
