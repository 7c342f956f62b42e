// The secret of an invitation stands behind # in the link, where no server sees it: it goes into the form, and out of the
// address that the browser shows and keeps.
"use strict";
const field = document.getElementById("code");
if (field && location.hash.length > 1) {
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const next = document.getElementById("display");
  if (next) next.focus();
}
