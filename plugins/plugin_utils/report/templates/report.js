(function () {
  "use strict";
  var root = document.documentElement;

  function speak(language) {
    root.lang = language;
    root.setAttribute("data-language", language);
    document.title = root.getAttribute("data-title-" + language);
    document.getElementById("language-" + language).checked = true;
    document.querySelectorAll("option[data-en]").forEach(function (option) {
      option.textContent = option.getAttribute("data-" + language);
    });
  }

  document.querySelectorAll("input[name=language]").forEach(function (choice) {
    choice.addEventListener("change", function () { speak(choice.value); });
  });

  // #hu and #en choose the language, #host-... opens the host that a link points to.
  function followFragment() {
    var name = location.hash.slice(1);
    if (name === "en" || name === "hu") { speak(name); return; }
    var target = name && document.getElementById(name);
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", followFragment);
  var chosen = document.querySelector("input[name=language]:checked");
  if (chosen) { speak(chosen.value); }
  followFragment();

  var form = document.getElementById("filter");
  if (!form) { return; }
  var hosts = Array.prototype.slice.call(document.querySelectorAll("details.host"));
  var sites = Array.prototype.slice.call(document.querySelectorAll("section.site"));
  var text = document.getElementById("filter-text");
  var site = document.getElementById("filter-site");
  var state = document.getElementById("filter-status");

  function filter() {
    var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    sites.forEach(function (section) {
      var some = false;
      section.querySelectorAll("details.host").forEach(function (host) {
        var fits = (!site.value || section.getAttribute("data-site") === site.value) &&
          (!state.value || host.getAttribute("data-state") === state.value) &&
          words.every(function (word) { return host.getAttribute("data-text").indexOf(word) >= 0; });
        host.hidden = !fits;
        if (fits) { some = true; shown += 1; }
      });
      section.hidden = !some;
    });
    document.getElementById("filter-count").textContent = shown;
    document.getElementById("filter-nothing").hidden = shown > 0;
  }

  function setOpen(open) {
    hosts.forEach(function (host) { if (!host.hidden || !open) { host.open = open; } });
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("open-all").addEventListener("click", function () { setOpen(true); });
  document.getElementById("close-all").addEventListener("click", function () { setOpen(false); });
}());
