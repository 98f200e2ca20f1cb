/**
 * `browser.ts` as a command, for programs that open a browser themselves: its last argument is the URL, LAB_LOGIN is who signs in,
 * LAB_CA the world's certificate authority, and LAB_CONSENT=deny presses Cancel. Prints where the sign-in ended.
 */
import { signIn } from "./browser.ts";

const url = process.argv.at(-1) ?? "";
const { LAB_LOGIN: login, LAB_CA: caFile, LAB_CONSENT: consent } = process.env;
if (!URL.canParse(url) || login === undefined || caFile === undefined) {
  process.stderr.write("usage: LAB_LOGIN=ADDRESS LAB_CA=FILE browser URL\n");
  process.exit(64);
}
const { page } = await signIn(url, { login, caFile, consent: consent === "deny" ? "deny" : "accept" });
process.stdout.write(
  page === undefined ? "signed in; nobody listens at the redirect\n" : `signed in; ${page.status}\n`,
);
