// Sends the answer on to the relying party; without scripts the person presses the button.
document.forms[0].submit();
