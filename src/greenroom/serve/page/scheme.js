/* Before the first paint, so that a dark page does not flash light. Not a module: those wait. */
{
  const scheme = localStorage.getItem("greenroom.scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
}
