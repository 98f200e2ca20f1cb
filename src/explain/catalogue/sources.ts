/** Pages that many explanations rest on. */

export const ENTRA_CODES = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes";
export const EXCHANGE_OAUTH =
  "https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth";
export const FAIREMAIL_FAQ = "https://github.com/M66B/FairEmail/blob/e23dd9d/FAQ.md";
export const RFC6749_ERRORS = "https://www.rfc-editor.org/rfc/rfc6749#section-5.2";
