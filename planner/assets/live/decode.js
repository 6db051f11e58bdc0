// Decodes the load that the page carries: bytes to typed arrays. docs/live.md tells the format.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const { LoadError } = live, { HEAD, VERSION, damaged, headerOf, startOf } = live.container;
  const STEPS = 1e7; // of a degree
  const LARGEST = 4294967295;
  const DEEPEST = 9007199254740991;

  // Half to even, as numpy rounds: above 2^52 there is no room for what stands behind the point.
  const ROUNDER = 6755399441055744;
  const rint = (value) => (value + ROUNDER) - ROUNDER;

  // --- Sections ------------------------------------------------------------------------------------------------------

  /** Read the header; returns it with `raw(name)`, the bytes and count of a section. */
  function opened(bytes) {
    if (bytes.length < HEAD) throw damaged("magic");
    const start = startOf(bytes);
    if (start > bytes.length) throw damaged("header");
    const header = headerOf(bytes, start);
    if (header.version !== VERSION) throw new LoadError("version", String(header.version));
    const has = (name) => Object.prototype.hasOwnProperty.call(header.sections, name);
    const raw = (name) => {
      if (!has(name)) throw damaged(`no ${name}`);
      const [offset, length, count] = header.sections[name];
      for (const figure of [offset, length, count]) if (!Number.isSafeInteger(figure) || figure < 0) throw damaged(name);
      if (start + offset + length > bytes.length) throw damaged(name);
      return { bytes: bytes.subarray(start + offset, start + offset + length), count, name };
    };
    return { meta: header.meta, has, raw };
  }

  /** Whole numbers from 0 on, into an array of the kind given. */
  function varints(section, Kind) {
    const bytes = section.bytes, most = Kind === Uint32Array ? LARGEST : DEEPEST;
    if (section.count > bytes.length) throw damaged(section.name); // before there is room for them
    const values = new Kind(section.count);
    let at = 0;
    for (let k = 0; k < values.length; k++) {
      let byte = bytes[at++];
      if (byte < 128) {
        values[k] = byte;
        continue;
      }
      let value = byte & 127, unit = 128;
      while (byte >= 128) {
        byte = bytes[at++];
        value += (byte & 127) * unit;
        unit *= 128;
      }
      if (byte === undefined || value > most) throw damaged(section.name);
      values[k] = value;
    }
    if (at !== bytes.length) throw damaged(section.name);
    return values;
  }

  const unfolded = (value) => value % 2 ? -(value + 1) / 2 : value / 2;

  /** Signed numbers; with `steps` each is the difference to the one before. */
  function zigzags(section, Kind, steps) {
    const folded = varints(section, Float64Array), values = new Kind(folded.length);
    let before = 0;
    for (let k = 0; k < folded.length; k++) {
      const value = unfolded(folded[k]) + (steps ? before : 0);
      values[k] = value;
      if (values[k] !== value) throw damaged(section.name);
      before = value;
    }
    return values;
  }

  /** Doubles, whose bytes stand plane by plane. */
  function doubles(section) {
    const bytes = section.bytes, count = section.count;
    if (bytes.length !== 8 * count) throw damaged(section.name);
    const view = new DataView(new ArrayBuffer(8 * count)), values = new Float64Array(count);
    for (let plane = 0; plane < 8; plane++) {
      for (let k = 0; k < count; k++) view.setUint8(8 * k + plane, bytes[plane * count + k]);
    }
    for (let k = 0; k < count; k++) values[k] = view.getFloat64(8 * k, true);
    return values;
  }

  function plainBytes(section) {
    if (section.bytes.length !== section.count) throw damaged(section.name);
    return section.bytes.slice();
  }

  /** Signed numbers whose low bytes stand apart. */
  function lowHigh(file, name) {
    const low = plainBytes(file.raw(`${name}_low`)), high = varints(file.raw(`${name}_high`), Uint32Array);
    if (low.length !== high.length) throw damaged(name);
    const values = new Float64Array(low.length);
    for (let k = 0; k < low.length; k++) {
      const folded = high[k] * 256 + low[k];
      values[k] = folded & 1 ? -(folded + 1) / 2 : folded / 2;
    }
    return values;
  }

  /** Where each group starts, by their sizes. */
  function offsets(sizes, extra) {
    const start = new Uint32Array(sizes.length + 1);
    for (let k = 0; k < sizes.length; k++) start[k + 1] = start[k] + sizes[k] + extra;
    return start;
  }

  // --- Vertices ------------------------------------------------------------------------------------------------------

  const NEW = 0, NEW_SHARED = 1, MET = 2;

  /** How vertices are met, four a byte; `total` are expected. */
  function codes(section, total) {
    if (section.count !== total || section.bytes.length !== Math.ceil(total / 4)) throw damaged(section.name);
    let at = 0;
    return () => (section.bytes[at >> 2] >> 2 * (at++ & 3)) & 3;
  }

  /** Which vertex stands where in the runs; vertices are numbered as they are met first. */
  function vertexNumbers(file, runStart) {
    const nRuns = runStart.length - 1, total = runStart[nRuns], back = varints(file.raw("vertex_back"), Uint32Array);
    const nextEnd = codes(file.raw("met_ends"), 2 * nRuns), nextInner = codes(file.raw("met_inner"), total - 2 * nRuns);
    const vertex = new Uint32Array(total), again = new Uint8Array(total), sharedVertex = new Uint32Array(total);
    let found = 0, nShared = 0, nMet = 0;
    for (let run = 0; run < nRuns; run++) {
      const first = runStart[run], last = runStart[run + 1] - 1;
      for (let k = first; k <= last; k++) {
        const code = k === first || k === last ? nextEnd() : nextInner();
        if (code === MET) {
          const which = nShared - 1 - back[nMet++];
          if (!(which >= 0)) throw damaged("vertex_back");
          vertex[k] = sharedVertex[which];
          again[k] = 1;
        } else {
          if (code !== NEW && code !== NEW_SHARED) throw damaged("met");
          if (code === NEW_SHARED) sharedVertex[nShared++] = found;
          vertex[k] = found++;
        }
      }
    }
    if (nMet !== back.length) throw damaged("vertex_back");
    const shared = new Uint8Array(found);
    for (let k = 0; k < nShared; k++) shared[sharedVertex[k]] = 1;
    return { vertex, again, shared };
  }

  /**
   * Places in steps of a degree. A street goes on as it went: the longer part of the step before is the axis, and the
   * step beside it is foretold to keep its proportion.
   */
  function wholePlaces(file, runStart, vertex, again, nVertices) {
    const along = lowHigh(file, "vertex_along"), aside = lowHigh(file, "vertex_aside");
    if (along.length !== nVertices || aside.length !== nVertices) throw damaged("vertex_along");
    const x = new Float64Array(nVertices), y = new Float64Array(nVertices);
    let firstX = 0, firstY = 0;
    for (let run = 0, found = 0; run + 1 < runStart.length; run++) {
      let atX = firstX, atY = firstY, stepX = 0, stepY = 0;
      for (let k = runStart[run]; k < runStart[run + 1]; k++) {
        const v = vertex[k];
        if (!again[k]) {
          const isX = Math.abs(stepX) >= Math.abs(stepY), axis = isX ? stepX : stepY, beside = isX ? stepY : stepX;
          const main = axis < 0 ? -along[found] : along[found];
          const side = aside[found] + (axis === 0 ? 0 : rint(main * beside / axis));
          x[v] = atX + (isX ? main : side);
          y[v] = atY + (isX ? side : main);
          found++;
        }
        const first = k === runStart[run];
        stepX = first ? 0 : x[v] - atX;
        stepY = first ? 0 : y[v] - atY;
        atX = x[v];
        atY = y[v];
        if (first) {
          firstX = atX;
          firstY = atY;
        }
      }
    }
    return { x, y };
  }

  /** Degrees: the very doubles that Python reads. */
  function degreesOf(file, places) {
    const lon = places.x, lat = places.y;
    for (let v = 0; v < lon.length; v++) {
      lon[v] /= STEPS;
      lat[v] /= STEPS;
    }
    const gaps = varints(file.raw("odd"), Uint32Array), oddLon = doubles(file.raw("odd_lon")), oddLat = doubles(file.raw("odd_lat"));
    if (oddLon.length !== gaps.length || oddLat.length !== gaps.length) throw damaged("odd");
    for (let k = 0, v = 0; k < gaps.length; k++) {
      v += gaps[k];
      if (v >= lon.length) throw damaged("odd");
      lon[v] = oddLon[k];
      lat[v] = oddLat[k];
    }
    return { lon, lat };
  }

  // --- Lengths and times: planner/livelengths.py, operation by operation -----------------------------------------------

  const RADIAN = 3.141592653589793 / 180;
  const DIAMETER_M = 2 * 6371009;

  // Horner's scheme of the cosine, of the sine by its angle, and of the arc sine by its sine; x is the argument's square.
  const cosineOf = (x) => (((((((((((1.6117375710961184e-24 * x - 8.896791392450574e-22) * x + 4.110317623312165e-19) * x
    - 1.5619206968586225e-16) * x + 4.779477332387385e-14) * x - 1.1470745597729725e-11) * x + 2.08767569878681e-9) * x
    - 2.755731922398589e-7) * x + 2.48015873015873e-5) * x - 0.001388888888888889) * x + 0.041666666666666664) * x - 0.5) * x + 1;
  const sineBy = (x) => (((2.7557319223985893e-6 * x - 0.0001984126984126984) * x + 0.008333333333333333) * x
    - 0.16666666666666666) * x + 1;
  const arcsineBy = (x) => (((35 / 1152 * x + 15 / 336) * x + 3 / 40) * x + 1 / 6) * x + 1;

  const whole = (value) => value <= LARGEST ? rint(value) : 0;

  /** Length of the slot from vertex a to vertex b in millimetres, foretold by their places. */
  function foretoldMm(lon, lat, cosine, a, b) {
    if (lon[a] === lon[b] && lat[a] === lat[b]) return 0;
    const halfPhi = (lat[b] * RADIAN - lat[a] * RADIAN) / 2, halfLambda = (lon[b] * RADIAN - lon[a] * RADIAN) / 2;
    const north = halfPhi * sineBy(halfPhi * halfPhi), east = halfLambda * sineBy(halfLambda * halfLambda);
    const square = north * north + cosine[a] * cosine[b] * (east * east);
    const metres = DIAMETER_M * (Math.sqrt(square) * arcsineBy(square));
    return Math.max(whole(metres * 1000), 1);
  }

  /** Add to foretold values what they miss: pairs of how many hit before it, and by how much. Void slots do not count. */
  function corrected(section, values, runStart) {
    const pairs = varints(section, Float64Array);
    if (pairs.length % 2) throw damaged(section.name);
    let next = pairs.length ? pairs[0] : Infinity;
    for (let run = 0, pair = 0, seen = 0; run + 1 < runStart.length && next < Infinity; run++) {
      const first = runStart[run], count = runStart[run + 1] - 1 - first;
      for (; next < seen + count; pair += 2, next = pair < pairs.length ? next + 1 + pairs[pair] : Infinity) {
        const slot = first + next - seen, value = values[slot] + unfolded(pairs[pair + 1]);
        if (!(value >= 0 && value <= LARGEST)) throw damaged(section.name);
        values[slot] = value;
      }
      seen += count;
    }
    if (next < Infinity) throw damaged(section.name);
    return values;
  }

  function lengths(file, roads) {
    const cosine = new Float64Array(roads.nVertices), values = new Uint32Array(roads.vertex.length);
    for (let v = 0; v < cosine.length; v++) {
      const phi = roads.lat[v] * RADIAN;
      cosine[v] = cosineOf(phi * phi);
    }
    for (let run = 0; run < roads.nRuns; run++) {
      for (let k = roads.runStart[run]; k + 1 < roads.runStart[run + 1]; k++) {
        values[k] = foretoldMm(roads.lon, roads.lat, cosine, roads.vertex[k], roads.vertex[k + 1]);
      }
    }
    return corrected(file.raw("length_more"), values, roads.runStart);
  }

  function times(file, roads, kind, kph) {
    if (!file.has("drive_more")) return null;
    const values = new Uint32Array(roads.vertex.length);
    for (let run = 0; run < roads.nRuns; run++) {
      const speed = kph[kind[run]];
      if (!(speed > 0)) continue;
      for (let k = roads.runStart[run]; k + 1 < roads.runStart[run + 1]; k++) values[k] = whole(roads.length[k] * 3.6 / speed);
    }
    return corrected(file.raw("drive_more"), values, roads.runStart);
  }

  // --- Roads, points, sites ------------------------------------------------------------------------------------------

  function roadsOf(file) {
    const sizes = varints(file.raw("run_size"), Uint32Array), runStart = offsets(sizes, 1), nRuns = sizes.length;
    const ways = plainBytes(file.raw("kind_ways")), kindKph = doubles(file.raw("kind_kph"));
    const kind = varints(file.raw("run_kind"), Uint32Array), runRank = zigzags(file.raw("run_rank"), Uint32Array, true);
    if (kind.length !== nRuns || runRank.length !== nRuns || ways.length !== kindKph.length) throw damaged("runs");
    for (const k of kind) if (k >= ways.length) throw damaged("run_kind");
    const { vertex, again, shared } = vertexNumbers(file, runStart);
    const { lon, lat } = degreesOf(file, wholePlaces(file, runStart, vertex, again, shared.length));
    const flag = (bit) => {
      const values = new Uint8Array(nRuns);
      for (let run = 0; run < nRuns; run++) values[run] = ways[kind[run]] >> bit & 1;
      return values;
    };
    const roads = { nVertices: shared.length, lon, lat, nRuns, runStart, vertex, runRank, walk: flag(0), driveForward: flag(1) };
    Object.assign(roads, { driveBackward: flag(2), shared });
    roads.length = lengths(file, roads);
    roads.driveMs = times(file, roads, kind, kindKph);
    return roads;
  }

  /** Feet of points or sites on the networks that the load knows, by mode. */
  function feetOf(file, owner, n) {
    const feet = {};
    for (const mode of ["walk", "drive"].filter((name) => file.has(`${owner}_slot_${name}`))) {
      const slot = zigzags(file.raw(`${owner}_slot_${mode}`), Int32Array, true);
      const mm = varints(file.raw(`${owner}_mm_${mode}`), Uint32Array);
      const access = varints(file.raw(`${owner}_access_${mode}`), Uint32Array);
      if ([slot, mm, access].some((values) => values.length !== n)) throw damaged(`${owner}_${mode}`);
      feet[mode] = { slot, mm, access };
    }
    return feet;
  }

  function pointsOf(file) {
    const meta = file.meta || {}, n = file.has("point_people") ? file.raw("point_people").count : 0;
    const ofN = (values) => {
      if (values.length !== n) throw damaged("points");
      return values;
    };
    const read = (name, how, ...rest) => ofN(file.has(name) || n ? how(file.raw(name), ...rest) : how({ bytes: [], count: 0 }, ...rest));
    const each = (list, how) => (list || []).map((unused, k) => how(k));
    return {
      n,
      lon: read("point_lon", doubles),
      lat: read("point_lat", doubles),
      people: read("point_people", varints, Uint32Array),
      unit: read("point_unit", zigzags, Int32Array, false),
      district: read("point_district", zigzags, Int32Array, false),
      groups: each(meta.groups, (k) => read(`group_${k}`, varints, Uint32Array)),
      codes: each(meta.standards, (k) => read(`code_${k}`, (section) => Uint8Array.from(section.bytes))),
      scopes: each(meta.goals, (k) => file.has(`scope_${k}`) ? read(`scope_${k}`, zigzags, Int32Array, false) : null),
      feet: feetOf(file, "foot", n),
    };
  }

  /** Decode the bytes of a load; see docs/live.md for what it holds. */
  function decode(bytes) {
    try {
      const file = opened(bytes), n = ((file.meta || {}).sites || []).length;
      return { meta: file.meta, roads: roadsOf(file), points: pointsOf(file), sites: { n, feet: feetOf(file, "site", n) } };
    } catch (error) {
      throw error instanceof LoadError ? error : damaged(String(error));
    }
  }

  Object.assign(live, { decode });
})(globalThis);
