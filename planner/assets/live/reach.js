// Searches on a road network: whom a site reaches, in whole millimetres and milliseconds, as planner/searches.py finds it.
//
// A search goes from a site against the directions of travel, with a queue of buckets (Dial 1969), and uses the same
// arrays each time.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const NOBODY = 0x7fffffff; // a label above every other
  const MOST = 1 << 30; // the largest limit: 1,073 km, or 12 days
  const BEYOND = MOST + 1; // any cost above it, in a search with a limit: sums of two fit into 32 bits
  const FAR = 0x7fffffff; // of what is not reached
  const MOST_BUCKETS = 1 << 16;

  // --- What a measure and a walking speed make of it -------------------------------------------------------------------

  // Arcs in pairs of code and cost.
  function pairsOf(arcs, chainCost) {
    const pairs = new Int32Array(2 * arcs.code.length);
    for (let k = 0; k < arcs.code.length; k++) {
      pairs[2 * k] = arcs.code[k];
      pairs[2 * k + 1] = Math.min(chainCost[arcs.chain[k]], BEYOND);
    }
    return pairs;
  }

  // Width of the queue's buckets as a power of two: half of a usual chain.
  function shiftOf(costs) {
    let sum = 0;
    for (let k = 0; k < costs.length; k++) sum += costs[k];
    return Math.min(26, Math.floor(Math.log2(Math.max(sum / Math.max(costs.length, 1) / 2, 1))));
  }

  function shiftFor(shift, span) {
    while (span / Math.pow(2, shift) > MOST_BUCKETS) shift++;
    return shift;
  }

  // Access legs are walked: their cost depends on the measure and, in time, on the walking speed.
  function viewOf(graph, people, measure, kph) {
    const byTime = measure === "time", of = (table) => byTime ? table.ms : table.mm, chain = of(graph.chains);
    const legOf = byTime ? (mm) => live.rint(mm * 3.6 / kph) : (mm) => mm;
    const leg = people.access.map(legOf), stop = of(people.stop).map((cost, k) => cost + leg[people.stop.point[k]]);
    const stopUpTo = Int32Array.from(stop, (cost) => Math.min(cost, BEYOND));
    const place = byTime ? people.placeMs : people.placeMm;
    return { byTime, legOf, leg, stop, stopUpTo, chain, place, pairs: pairsOf(graph.arcs, chain), shift: shiftOf(chain) };
  }

  // --- Searches --------------------------------------------------------------------------------------------------------

  // Arrays that searches use again and again: heads of the queue's buckets, its entries (node, cost, and the next entry
  // of the bucket), least costs, and what was met.
  function roomOf(graph, people) {
    return {
      bucket: new Int32Array(0), entry: new Int32Array(3 * (4096 + graph.arcs.code.length)),
      cost: new Int32Array(graph.nodes).fill(FAR), met: new Int32Array(graph.nodes), nMet: 0,
      reached: new Int32Array(people.n).fill(FAR),
    };
  }

  // Twice as many entries; a node's arcs are always fewer than those of the graph, for which there was room to begin with.
  function longer(room) {
    const entry = new Int32Array(2 * room.entry.length);
    entry.set(room.entry);
    room.entry = entry;
    return entry;
  }

  // Begins a search: the queue holds the seeds [node, cost, …] that lie within the limit. Returns how many.
  function sow(room, seeds, limit, shift) {
    const needed = (limit >> shift) + 1;
    if (room.bucket.length < needed) room.bucket = new Int32Array(needed).fill(-1);
    const { bucket, entry, cost, met } = room;
    let used = 0;
    room.nMet = 0;
    for (let k = 0; k < seeds.length; k += 2) {
      const node = seeds[k], a = seeds[k + 1];
      if (!(a <= limit && a < cost[node])) continue;
      if (cost[node] === FAR) met[room.nMet++] = node;
      cost[node] = a;
      entry[used] = node;
      entry[used + 1] = a;
      entry[used + 2] = bucket[a >> shift];
      bucket[a >> shift] = used;
      used += 3;
    }
    return used / 3;
  }

  // Searches from seeds up to a limit: fills `room.cost` for the nodes within it, which `room.met` lists. A node that is
  // improved waits again, so that buckets may be of any width; at the end all of them are empty.
  function settle(room, start, pairs, seeds, limit, shift) {
    let waiting = sow(room, seeds, limit, shift), used = 3 * waiting, { nMet, entry } = room;
    const { bucket, cost, met } = room;
    for (let now = 0; waiting > 0; now++) {
      for (let top = bucket[now]; top >= 0; top = bucket[now]) {
        const node = entry[top], a = entry[top + 1], end = 2 * start[node + 1];
        bucket[now] = entry[top + 2];
        waiting--;
        if (a !== cost[node]) continue; // a better way was found after this one was noted
        if (used + 2 * end - 4 * start[node] > entry.length) entry = longer(room);
        for (let k = 2 * start[node]; k < end; k += 2) {
          const code = pairs[k], toA = a + pairs[k + 1], head = code >> 1;
          if (toA > limit || toA >= cost[head]) continue;
          if (cost[head] === FAR) met[nMet++] = head;
          cost[head] = toA;
          if (!(code & 1)) continue;
          const at = toA >> shift;
          entry[used] = head;
          entry[used + 1] = toA;
          entry[used + 2] = bucket[at];
          bucket[at] = used;
          used += 3;
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

  // Notes what it costs a point to reach the foot, if that is less than is known. Returns how many points are met then.
  function offer(reached, out, count, p, a, limit) {
    if (a > limit || a >= reached[p]) return count;
    if (reached[p] === FAR) out.point[count++] = p;
    reached[p] = a;
    return count;
  }

  // Points that reach a foot within a limit, and what it costs them, into `out`. Returns how many.
  function searchTowards(net, view, spot, leg, limit, out) {
    const { graph, people, room } = net, { reached, met, cost } = room, { start, point } = people.stop, { stopUpTo } = view;
    let count = 0;
    alongChain(graph, people, view, spot, leg, (p, a) => { count = offer(reached, out, count, p, a, limit); });
    settle(room, graph.arcs.start, view.pairs, seedsOf(graph, view, spot, leg), limit, shiftFor(view.shift, limit));
    for (let m = 0; m < room.nMet; m++) {
      const node = met[m], a = cost[node], end = start[node + 1];
      cost[node] = FAR;
      for (let k = start[node]; k < end; k++) count = offer(reached, out, count, point[k], a + stopUpTo[k], limit);
    }
    for (let k = 0; k < count; k++) {
      out.cost[k] = reached[out.point[k]];
      reached[out.point[k]] = FAR;
    }
    return count;
  }

  // By node the `slots` nearest feet and their costs, in one search from all seeds [node, cost, foot, …] without a limit.
  // The buckets are used in turn: there are more than the dearest arc, and the seeds' differences, fill.
  function spread(graph, view, seeds, slots) {
    const { start, chain } = graph.arcs, { pairs } = view, rows = graph.nodes * slots;
    const best = { cost: new Float64Array(rows).fill(Infinity), label: new Int32Array(rows).fill(NOBODY) };
    let dearest = 0, least = Infinity;
    for (let c = 0; c < view.chain.length; c++) dearest = Math.max(dearest, view.chain[c]);
    for (let k = 1; k < seeds.length; k += 3) {
      dearest = Math.max(dearest, seeds[k]);
      least = Math.min(least, seeds[k]);
    }
    const width = Math.pow(2, shiftFor(view.shift, dearest));
    const turns = Array.from({ length: Math.floor(dearest / width) + 2 }, () => []);
    let waiting = 0;
    const note = (node, a, mark) => {
      turns[Math.floor(a / width) % turns.length].push(node, a, mark);
      waiting++;
    };
    for (let k = 0; k < seeds.length; k += 3) {
      if (rank(best.cost, best.label, seeds[k] * slots, slots, seeds[k + 1], seeds[k + 2])) note(seeds[k], seeds[k + 1], seeds[k + 2]);
    }
    for (let now = waiting ? Math.floor(least / width) : 0; waiting > 0; now++) {
      for (const turn = turns[now % turns.length]; turn.length > 0;) {
        const mark = turn.pop(), a = turn.pop(), node = turn.pop();
        waiting--;
        if (!holds(best, node * slots, slots, a, mark)) continue;
        for (let k = start[node]; k < start[node + 1]; k++) {
          const code = pairs[2 * k], cost = pairs[2 * k + 1], toA = a + (cost < BEYOND ? cost : view.chain[chain[k]]);
          if (rank(best.cost, best.label, (code >> 1) * slots, slots, toA, mark) && code & 1) note(code >> 1, toA, mark);
        }
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
          rank(cost, site, point[k] * count, count, best.cost[slot] + view.stop[k], best.label[slot]);
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
        if (!(limit <= MOST)) throw new RangeError(`a limit is at most ${MOST}, not ${limit}`);
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
