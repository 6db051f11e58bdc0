// Whom the closing of a site would hurt, and where its people would go: planner/closing.py.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const KEPT = 8; // searches for the two nearest, 24 bytes a point each

  // Serving spots in the order of ties, each place of a site once.
  const servingSpots = (open, s) => open.spots.filter((spot) => spot.serving[s] > 0);

  // The two nearest spots of each point, by number of the spot (-1: none), with the cost of each.
  function twoNearest(room, open, s, spots) {
    const { n } = room.load.points, kind = open.kinds[s];
    if (kind.mode !== "straight") {
      const feet = spots.map((spot) => room.survey.footOf(spot.place, kind.mode));
      return room.survey.network(kind.mode).nearest(feet, kind.measure, open.kph, 2);
    }
    // as the crow flies only sites within the cutoff are looked at
    const site = new Int32Array(2 * n).fill(-1), cost = new Float64Array(2 * n).fill(Infinity);
    spots.forEach((spot, i) => {
      const reach = room.survey.reachOf(spot.place, kind, kind.limit);
      reach.point.forEach((p, k) => {
        const mm = reach.cost[k];
        if (mm > open.limits[s] || mm >= cost[2 * p + 1]) return;
        const first = mm < cost[2 * p];
        if (first) [site[2 * p + 1], cost[2 * p + 1]] = [site[2 * p], cost[2 * p]];
        [site[2 * p + (first ? 0 : 1)], cost[2 * p + (first ? 0 : 1)]] = [i, mm];
      });
    });
    return { site, cost };
  }

  // Points that the closing of a site leaves uncovered: field checks that it overtakes count no more.
  function leftBy(room, edit, site, s) {
    const before = room.states(room.laid(edit), s), after = room.states(room.laid({ ...edit, closed: [...edit.closed, site] }), s);
    return before.map((state, p) => (state === 2 && after[p] !== 2 ? 1 : 0));
  }

  // Where people go, most people first: rows of a point, the spot that it goes to (-1: there is none) and how much more
  // that is, on average rounded down. `to` is the site_id, "" for nowhere or a place of the room, whose entry of the plan
  // is `plan`.
  function summed(rows, people, named, unit) {
    const sums = new Map();
    for (const { p, to, more } of rows) {
      const sum = sums.get(to) || { spot: to, people: 0, whole: 0n };
      sum.people += people[p];
      sum.whole += BigInt(people[p]) * BigInt(more);
      sums.set(to, sum);
    }
    return [...sums.values()].sort((a, b) => b.people - a.people || a.spot - b.spot).map(({ spot, people: count, whole }) => {
      const more = spot < 0 ? null : Number(whole / BigInt(Math.max(1, count)));
      return { ...named(spot), people: count, more_mm: null, more_ms: null, [unit]: more };
    });
  }

  // What the closing of spot `i` does under a standard; `left` marks the points that it leaves uncovered.
  function hurt(room, open, s, spots, i, near, left) {
    const { n, people } = room.load.points, { COUNTS, PLACELESS } = live.codes, code = open.codes[s], moving = [];
    const named = (k) => ({ to: k < 0 || spots[k].site < 0 ? "" : room.meta.sites[spots[k].site].id, plan: k < 0 ? -1 : spots[k].plan });
    const unit = open.kinds[s].measure === "time" ? "more_ms" : "more_mm";
    let nearest = 0, losing = 0;
    for (let p = 0; p < n; p++) {
      if (!(code[p] & COUNTS)) continue;
      if (left[p]) losing += people[p];
      if (near.site[2 * p] !== i || !people[p] || code[p] & PLACELESS) continue;
      const to = near.site[2 * p + 1];
      nearest += people[p];
      moving.push({ p, to, more: to < 0 ? 0 : near.cost[2 * p + 1] - near.cost[2 * p] });
    }
    const alone = moving.filter(({ p }) => left[p]);
    return { nearest, losing, moves: summed(moving, people, named, unit), losing_moves: summed(alone, people, named, unit) };
  }

  // city.closing(edit, site, s): under one standard, null where the site does not serve it. Searches for the two nearest are
  // kept: they serve every site of an edit, and each closed one is asked for with itself open.
  live.closer = function (room) {
    const kept = live.shelf(KEPT);

    function nearOf(open, s, spots) {
      const of = [open.kinds[s].key, open.limits[s], ...spots.map((spot) => spot.place.key)].join("|");
      return kept.get(of) || kept.put(of, twoNearest(room, open, s, spots), 1);
    }

    return function (edit, site, s) {
      const open = room.laid(edit), at = room.numbers.get(site);
      const spots = servingSpots(open, s), i = spots.findIndex((spot) => spot.site === at);
      if (i < 0 || at === undefined) return null;
      return hurt(room, open, s, spots, i, nearOf(open, s, spots), leftBy(room, edit, site, s));
    };
  };
})(globalThis);
