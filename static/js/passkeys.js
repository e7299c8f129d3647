// Says what a passkey's device refused, in words of ours; allauth's files do the ceremony.
"use strict";

const REASONS = {
  NotAllowedError: "No passkey was used: it was canceled, or took too long. Try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  NotSupportedError: "This browser or device cannot do that. Use another way.",
  ConstraintError: "This device cannot ask for a finger, face or PIN. Untick “Sign in with it alone” and try again.",
  SecurityError: "Passkeys do not work at this address.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.getElementById("passkey-problem");
  place.textContent = REASONS[event.detail.exception?.name] || "The passkey could not be read. Try again, or use another way.";
  place.hidden = false;
});
