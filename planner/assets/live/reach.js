// Searches on a road network: whom a site reaches, in whole millimetres and milliseconds, as planner/searches.py finds it.
//
// A search goes from a site against the directions of travel, with a queue of buckets (Dial 1969), and uses the same
// arrays each time.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const NOBODY = 0x7fffffff; // a label above every other
  const MOST_MM = 0x7fffffff; // costs that searches hand out are whole numbers of 32 bits
  const MOST_BUCKETS = 1 << 16;

  // --- What a measure and a walking speed make of it -------------------------------------------------------------------

  function walkMs(mm, kph) {
    return live.rint(mm * 3.6 / kph);
  }

  // Width of the queue's buckets as a power of two: half of a usual arc.
  function shiftOf(costs) {
    let sum = 0;
    for (let k = 0; k < costs.length; k++) sum += costs[k];
    const usual = costs.length ? sum / costs.length / 2 : 1;
    return Math.max(0, Math.floor(Math.log2(Math.max(usual, 1))));
  }

  function widthFor(shift, span) {
    let width = Math.pow(2, shift);
    while (span / width > MOST_BUCKETS) width *= 2;
    return width;
  }

  // Access legs are walked: their cost depends on the measure and, in time, on the walking speed.
  function viewOf(graph, people, measure, kph) {
    const byTime = measure === "time", of = (table) => byTime ? table.ms : table.mm;
    const legOf = byTime ? (mm) => walkMs(mm, kph) : (mm) => mm;
    const leg = people.access.map(legOf), stopCost = of(people.stop).map((cost, k) => cost + leg[people.stop.point[k]]);
    const arc = of(graph.arcs);
    return { byTime, legOf, leg, stopCost, arc, chain: of(graph.chains), place: byTime ? people.placeMs : people.placeMm, shift: shiftOf(arc) };
  }

  // --- Searches --------------------------------------------------------------------------------------------------------

  // Arrays that searches use again and again: the queue's entries by bucket, least costs, and what was met.
  function roomOf(graph, people) {
    const size = 4096 + graph.arcs.code.length;
    return {
      bucket: new Int32Array(0), entryNode: new Int32Array(size), entryNext: new Int32Array(size), entryCost: new Float64Array(size), used: 0,
      cost: new Float64Array(graph.nodes).fill(Infinity), met: new Int32Array(graph.nodes + 1), nMet: 0,
      reached: new Float64Array(people.n).fill(Infinity),
    };
  }

  // Twice as many entries; a node's arcs are always fewer than those of the graph, for which there was room to begin with.
  function longer(room) {
    for (const name of ["entryNode", "entryNext", "entryCost"]) {
      const entries = new room[name].constructor(2 * room[name].length);
      entries.set(room[name]);
      room[name] = entries;
    }
    return room;
  }

  // Notes a node with its cost in the queue.
  function wait(room, node, a, at) {
    const k = room.used++;
    room.entryNode[k] = node;
    room.entryCost[k] = a;
    room.entryNext[k] = room.bucket[at];
    room.bucket[at] = k;
  }

  // Begins a search: the queue holds the seeds [node, cost, …] that lie within the limit. Returns how many.
  function sow(room, seeds, limit, per) {
    const needed = Math.floor(limit * per) + 1;
    if (room.bucket.length < needed) room.bucket = new Int32Array(needed).fill(-1);
    room.used = room.nMet = 0;
    for (let k = 0; k < seeds.length; k += 2) {
      const node = seeds[k], a = seeds[k + 1];
      if (!(a <= limit && a < room.cost[node])) continue;
      if (room.cost[node] === Infinity) room.met[room.nMet++] = node;
      room.cost[node] = a;
      wait(room, node, a, (a * per) | 0);
    }
    return room.used;
  }

  // Searches from seeds up to a limit: fills `room.cost` for the nodes within it, which `room.met` lists. The queue's
  // buckets are a power of two wide, so that to divide by it is exact; `waiting` entries are left in it.
  function settle(room, arcs, arcCost, seeds, limit, width) {
    const per = 1 / width, { start, code } = arcs;
    let waiting = sow(room, seeds, limit, per), { nMet, used, entryNode, entryNext, entryCost } = room;
    const { bucket, cost, met } = room;
    for (let now = 0; waiting > 0; now++) {
      for (let top = bucket[now]; top >= 0; top = bucket[now]) {
        const node = entryNode[top], a = entryCost[top], end = start[node + 1];
        bucket[now] = entryNext[top];
        waiting--;
        if (a !== cost[node]) continue; // a better way was found after this one was noted
        if (used + end - start[node] > entryNode.length) ({ entryNode, entryNext, entryCost } = longer(room));
        for (let k = start[node]; k < end; k++) {
          const toA = a + arcCost[k], head = code[k] >>> 1;
          if (!(toA <= limit && toA < cost[head])) continue;
          if (cost[head] === Infinity) met[nMet++] = head;
          cost[head] = toA;
          if (!(code[k] & 1)) continue;
          const at = (toA * per) | 0;
          entryNode[used] = head;
          entryCost[used] = toA;
          entryNext[used] = bucket[at];
          bucket[at] = used++;
          waiting++;
        }
      }
    }
    room.nMet = nMet;
  }

  // Where a search towards a foot enters the network: [node, cost, …], the foot's own leg included.
  function seedsOf(graph, view, spot, leg) {
    const { chains } = graph, c = spot.chain;
    if (c < 0) return [spot.node, leg];
    const at = view.byTime ? spot.ms : spot.mm, seeds = [];
    if (chains.ahead[c]) seeds.push(chains.u[c], at + leg);
    if (chains.back[c]) seeds.push(chains.v[c], view.chain[c] - at + leg);
    return seeds;
  }

  // Calls `found` with every point on a foot's own chain that may come straight along it, and the cost of that.
  function alongChain(graph, people, view, spot, leg, found) {
    const c = spot.chain, { chains } = graph, { start, point } = people.inside;
    if (c < 0) return;
    const at = view.byTime ? spot.ms : spot.mm;
    for (let k = start[c]; k < start[c + 1]; k++) {
      const p = point[k], ahead = spot.mm - people.placeMm[p];
      if (ahead === 0 || (ahead > 0 ? chains.ahead[c] : chains.back[c])) found(p, Math.abs(at - view.place[p]) + leg + view.leg[p]);
    }
  }

  // Inserts (a, label) among the best of a row, ascending and of different labels; tells whether it belongs there.
  function rank(cost, label, base, width, a, mark) {
    let at = width - 1;
    for (let k = 0; k < width; k++) {
      if (label[base + k] === mark) {
        if (a >= cost[base + k]) return false;
        at = k;
        break;
      }
    }
    const last = cost[base + at];
    if (label[base + at] !== mark && (a > last || (a === last && mark >= label[base + at]))) return false;
    for (; at > 0 && (a < cost[base + at - 1] || (a === cost[base + at - 1] && mark < label[base + at - 1])); at--) {
      cost[base + at] = cost[base + at - 1];
      label[base + at] = label[base + at - 1];
    }
    cost[base + at] = a;
    label[base + at] = mark;
    return true;
  }

  // Points that reach a foot within a limit, and what it costs them, into `out`. Returns how many.
  function searchTowards(net, view, spot, leg, limit, out) {
    const { graph, people, room } = net, { reached, met, cost } = room, { start, point } = people.stop, { stopCost } = view;
    let count = 0;
    const offer = (p, a) => {
      if (a > limit || a >= reached[p]) return;
      if (reached[p] === Infinity) out.point[count++] = p;
      reached[p] = a;
    };
    alongChain(graph, people, view, spot, leg, offer);
    settle(room, graph.arcs, view.arc, seedsOf(graph, view, spot, leg), limit, widthFor(view.shift, limit));
    for (let m = 0; m < room.nMet; m++) {
      const node = met[m], a = cost[node];
      cost[node] = Infinity;
      for (let k = start[node]; k < start[node + 1]; k++) offer(point[k], a + stopCost[k]);
    }
    for (let k = 0; k < count; k++) {
      out.cost[k] = reached[out.point[k]];
      reached[out.point[k]] = Infinity;
    }
    return count;
  }

  // By node the `slots` nearest feet and their costs, in one search from all seeds [node, cost, foot, …] without a limit.
  // The buckets are used in turn: there are more than the dearest arc, and the seeds' differences, fill.
  function spread(graph, view, seeds, slots) {
    const { start, code } = graph.arcs, best = { cost: new Float64Array(graph.nodes * slots).fill(Infinity), label: new Int32Array(graph.nodes * slots).fill(NOBODY) };
    let dearest = 0, least = Infinity;
    for (let k = 0; k < view.arc.length; k++) dearest = Math.max(dearest, view.arc[k]);
    for (let k = 1; k < seeds.length; k += 3) {
      dearest = Math.max(dearest, seeds[k]);
      least = Math.min(least, seeds[k]);
    }
    const width = widthFor(view.shift, dearest), turn = Array.from({ length: Math.floor(dearest / width) + 2 }, () => []);
    let waiting = 0;
    const offer = (node, a, mark, on) => {
      if (!rank(best.cost, best.label, node * slots, slots, a, mark) || !on) return;
      turn[Math.floor(a / width) % turn.length].push(node, a, mark);
      waiting++;
    };
    for (let k = 0; k < seeds.length; k += 3) offer(seeds[k], seeds[k + 1], seeds[k + 2], 1);
    for (let now = waiting ? Math.floor(least / width) : 0; waiting > 0; now++) {
      const bucket = turn[now % turn.length];
      while (bucket.length > 0) {
        const mark = bucket.pop(), a = bucket.pop(), node = bucket.pop();
        waiting--;
        if (!holds(best, node * slots, slots, a, mark)) continue;
        for (let k = start[node]; k < start[node + 1]; k++) offer(code[k] >>> 1, a + view.arc[k], mark, code[k] & 1);
      }
    }
    return best;
  }

  // Whether (a, mark) is still among the best of a row.
  function holds(best, base, width, a, mark) {
    for (let k = base; k < base + width; k++) {
      if (best.label[k] === mark) return best.cost[k] === a;
    }
    return false;
  }

  // The nearest feet of every point, however far: `site` is the place of a foot in `feet`, -1 where there is none.
  function nearestFeet(net, view, feet, count) {
    const { graph, people } = net, { start, point } = people.stop, slots = Math.max(Math.min(count, feet.length), 1);
    const cost = new Float64Array(people.n * count).fill(Infinity), site = new Int32Array(people.n * count).fill(NOBODY), seeds = [];
    feet.forEach((foot, mark) => {
      if (!foot || foot.slot < 0) return;
      const spot = live.graph.spotOf(graph, foot.slot, foot.mm), leg = view.legOf(foot.access), mine = seedsOf(graph, view, spot, leg);
      for (let k = 0; k < mine.length; k += 2) seeds.push(mine[k], mine[k + 1], mark);
      alongChain(graph, people, view, spot, leg, (p, a) => rank(cost, site, p * count, count, a, mark));
    });
    const best = spread(graph, view, seeds, slots);
    for (let node = 0; node < graph.nodes; node++) {
      for (let slot = node * slots; slot < (node + 1) * slots && best.label[slot] !== NOBODY; slot++) {
        for (let k = start[node]; k < start[node + 1]; k++) {
          rank(cost, site, point[k] * count, count, best.cost[slot] + view.stopCost[k], best.label[slot]);
        }
      }
    }
    return { site: site.map((mark) => mark === NOBODY ? -1 : mark), cost };
  }

  // --- The face ----------------------------------------------------------------------------------------------------

  // Returns {within, nearest} for a mode: costs are those of travel from the people to the site, access legs included.
  function network(load, mode) {
    const graph = live.graph.graphOf(load.roads, mode), points = load.points, feet = points && points.feet[mode];
    const people = live.graph.peopleOn(graph, feet, feet ? points.n : 0), views = new Map();
    const net = { graph, people, room: roomOf(graph, people) };
    const viewFor = (measure, kph) => { // walking time follows distance, so a walk network is searched by distance
      const byTime = measure === "time" && mode === "drive", key = byTime ? Number(kph) : 0;
      if (byTime && !(key > 0)) throw new RangeError(`a walking speed is above zero, not ${kph}`);
      if (!views.has(key)) views.set(key, viewOf(graph, people, byTime ? "time" : "distance", key));
      return views.get(key);
    };
    return {
      mode, nodes: graph.nodes, chains: graph.chains.count,
      within(foot, measure, limit, kph, out) {
        if (!(limit <= MOST_MM)) throw new RangeError(`a limit is at most ${MOST_MM}, not ${limit}`);
        const view = viewFor(measure, kph), leg = foot && foot.slot >= 0 ? view.legOf(foot.access) : Infinity;
        return leg <= limit ? searchTowards(net, view, live.graph.spotOf(graph, foot.slot, foot.mm), leg, limit, out) : 0;
      },
      nearest(sites, measure, kph, count) {
        if (!(count >= 1)) throw new RangeError("count cannot be below 1");
        return nearestFeet(net, viewFor(measure, kph), sites, count);
      },
    };
  }

  Object.assign(live, { network });
})(globalThis);
