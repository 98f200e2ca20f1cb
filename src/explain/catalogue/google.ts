/** Google: signing in and renewing. */
import type { Entry, Step } from "../entry.ts";
import { SIGN_IN_AGAIN } from "./steps.ts";

const EXPIRATION = "https://developers.google.com/identity/protocols/oauth2#expiration";
const UNVERIFIED = "https://support.google.com/cloud/answer/7454865";
const NATIVE_APPS = "https://developers.google.com/identity/protocols/oauth2/native-app";
const SERVICE_ACCOUNTS = "https://developers.google.com/identity/protocols/oauth2/service-account#error-codes";
const PUBLISH: Step = {
  say: 'publish your project: Google Cloud console, Google Auth Platform, Audience, "Publish app"',
};

export const GOOGLE: readonly Entry[] = [
  {
    id: "google-revoked",
    area: "google",
    title: "Google has ended the sign-in",
    why: 'after exactly 7 days: your project at Google is still in "Testing"; at another time: the access was withdrawn, the password changed, or nothing used it for 6 months',
    status: "verified",
    texts: ["Token has been expired or revoked"],
    steps: [SIGN_IN_AGAIN, PUBLISH],
    sources: [EXPIRATION],
  },
  {
    id: "google-oob-blocked",
    area: "google",
    title: "Google no longer shows codes to copy",
    why: "the redirect urn:ietf:wg:oauth:2.0:oob, which old scripts use, is blocked",
    status: "verified",
    texts: ["out-of-band (OOB) flow has been blocked", "urn:ietf:wg:oauth:2.0:oob"],
    steps: [{ say: "sign in with a redirect to this machine", type: "mailkey login ADDRESS --flow loopback" }],
    sources: ["https://developers.google.com/identity/protocols/oauth2/resources/oob-migration"],
  },
  {
    id: "google-not-verified",
    area: "google",
    title: "you are not among the project's test users",
    why: 'the project at Google is in "Testing" and admits only the people on its list',
    status: "verified",
    texts: ["has not completed the Google verification process"],
    steps: [
      { say: "in the project, under Audience: add ADDRESS as a test user (that sign-in lasts 7 days)" },
      { ...PUBLISH, say: `or ${PUBLISH.say}` },
    ],
    signIn: "publish the project at Google, or add the address as a test user",
    sources: [UNVERIFIED, EXPIRATION],
  },
  {
    id: "google-unverified-app",
    area: "google",
    title: "Google has not verified the application",
    why: "a project of your own is not verified by Google; for yourself it need not be",
    status: "verified",
    texts: ["Google hasn't verified this app", "This app isn't verified"],
    steps: [{ say: 'choose "Advanced", then "Go to …", when the project is your own' }],
    sources: [UNVERIFIED],
  },
  {
    id: "redirect_uri_mismatch",
    area: "google",
    title: "the redirect URI is not registered for this client",
    why: 'the client at Google is not of the type "Desktop app", which admits any port of this machine',
    status: "verified",
    codes: ["redirect_uri_mismatch"],
    steps: [
      { say: 'make a client of the type "Desktop app" in your project (docs/signin.md), then' },
      { say: "use it", type: "mailkey add ADDRESS --replace --client-id ID" },
    ],
    signIn: 'use a client of the type "Desktop app"',
    sources: [NATIVE_APPS],
  },
  {
    id: "admin_policy_enforced",
    area: "google",
    title: "the administrator has not allowed the application",
    why: "your organisation's administrator decides which applications may read mail, and this one is not among them",
    status: "verified",
    codes: ["admin_policy_enforced"],
    steps: [{ say: "ask your administrator to trust the client id CLIENT (Security, API controls)" }],
    signIn: "your administrator has to trust the client id",
    sources: [NATIVE_APPS, "https://support.google.com/a/answer/7281227"],
  },
  {
    id: "org_internal",
    area: "google",
    title: "the project is for one organisation only",
    why: 'the project\'s audience is "Internal", and this address is not of that organisation',
    status: "verified",
    codes: ["org_internal"],
    steps: [{ say: 'set the audience to "External", or sign in with an address of the organisation' }],
    sources: [NATIVE_APPS],
  },
  {
    id: "deleted_client",
    area: "google",
    title: "the client was deleted",
    why: "the client id was deleted in its project at Google",
    status: "verified",
    codes: ["deleted_client", "disabled_client"],
    steps: [{ say: "use another client", type: "mailkey add ADDRESS --replace --client-id ID" }],
    sources: ["https://support.google.com/cloud/answer/15549257"],
  },
  {
    id: "google-not-delegated",
    area: "google",
    title: "the service account may not act for users",
    why: "no administrator of the organisation has delegated the mail scope to the service account",
    status: "verified",
    texts: [
      "Client is unauthorized to retrieve access tokens using this method",
      "client not authorized for any of the scopes requested",
      "Requested client not authorized",
    ],
    steps: [
      {
        say: "an administrator delegates https://mail.google.com/ to client CLIENT",
        type: "https://admin.google.com/ac/owl/domainwidedelegation",
        in: "text",
      },
      { say: "it may take a day; then", type: "mailkey test ADDRESS --force" },
    ],
    sources: [SERVICE_ACCOUNTS],
  },
  {
    id: "google-no-such-user",
    area: "google",
    title: "the organisation has no such user",
    why: "a service account acts for users of its organisation by their primary address: not for aliases, groups or suspended users",
    status: "verified",
    texts: ["Invalid email or User ID", "Not a valid email"],
    steps: [
      {
        say: "for an alias: name the user whose it is",
        type: "mailkey add ADDRESS --replace --service-account FILE --login-as USER --user USER",
      },
    ],
    sources: [SERVICE_ACCOUNTS],
  },
  {
    id: "google-key-refused",
    area: "google",
    title: "the service account's key is not accepted",
    why: "the key was deleted at Google, belongs to another service account, or the account itself is gone",
    status: "verified",
    texts: ["Invalid JWT Signature", "Invalid signature for token", "Invalid grant: account not found"],
    steps: [
      {
        say: "make a new key of type JSON in Google's console, then",
        type: "mailkey add ADDRESS --replace --service-account FILE",
      },
    ],
    sources: [SERVICE_ACCOUNTS],
  },
  {
    id: "google-assertion-times",
    area: "google",
    title: "this machine's clock spoils the signature",
    why: "what is signed carries the time, and this machine's clock is some minutes off",
    status: "verified",
    texts: [
      "Token must be a short-lived token (60 minutes) and in a reasonable timeframe",
      "in a reasonable timeframe",
    ],
    steps: [{ say: "set the clock", type: "timedatectl set-ntp true" }],
    sources: [SERVICE_ACCOUNTS],
  },
];
