/* The map of candidates: where they come from, beside what stands today. */
(function () {
  "use strict";
  const { data, words, facts, section, siteKeys, frame } = window.plannerPage;

  frame([siteKeys(), section(words.parameters, facts(data.facts))], []);
})();
