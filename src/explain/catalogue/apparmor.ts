/** AppArmor and the commands that msmtp runs. docs/trouble.md has it at length. */
import type { Entry } from "../entry.ts";

export const APPARMOR: readonly Entry[] = [
  {
    id: "apparmor",
    area: "apparmor",
    title: "AppArmor keeps msmtp from running mailkey",
    why: "msmtp's AppArmor profile lets passwordeval run only a handful of programs (gpg, pass, secret-tool, keyring, cat, head), and mailkey is not one",
    more: "Ubuntu has the profile switched on, Debian ships it switched off. /etc/apparmor.d/local/usr.bin.msmtp cannot help: it extends the outer profile, not the child profile of the commands.",
    status: "verified",
    texts: [
      "passwordeval … permission denied",
      "mailkey: Permission denied",
      'apparmor="DENIED" … profile="msmtp//helpers"',
      'apparmor="DENIED" … profile="msmtp"',
    ],
    steps: [
      { say: "see whether it is AppArmor, and get the mildest remedy", type: "mailkey doctor ADDRESS" },
      {
        say: "without root: have mailkey's agent keep the token in a file, which msmtp may read; then mailkey agent install, mailkey setup msmtp",
        type: "mailkey agent token-file ADDRESS",
      },
      {
        say: 'by hand: add this line to the profile "helpers" in /etc/apparmor.d/usr.bin.msmtp, then sudo systemctl reload apparmor',
        type: "/home/*/.local/bin/mailkey Ux,",
        in: "text",
      },
      {
        say: "as the last resort, switch the profile off",
        type: "sudo ln -s /etc/apparmor.d/usr.bin.msmtp /etc/apparmor.d/disable/ && sudo apparmor_parser -R /etc/apparmor.d/usr.bin.msmtp",
      },
    ],
    sources: [
      "https://sources.debian.org/src/msmtp/1.8.23-1/debian/",
      "https://gitlab.com/apparmor/apparmor/-/wikis/QuickProfileLanguage",
    ],
  },
  {
    id: "msmtp-no-output",
    area: "apparmor",
    title: "msmtp got nothing from its password command",
    why: "the command in passwordeval is missing, printed nothing, or is forbidden by AppArmor; msmtp does not look at its exit status",
    status: "verified",
    texts: ["cannot read output of '…'", "cannot read output of"],
    steps: [
      { say: "run the command by hand and read what it says", type: "HELPER" },
      { say: "if that works it is AppArmor: see which remedy is the mildest", type: "mailkey doctor ADDRESS" },
      { say: "let mailkey write msmtp's configuration", type: "mailkey setup msmtp" },
    ],
    sources: ["https://marlam.de/msmtp/msmtp.html", "https://sources.debian.org/src/msmtp/1.8.23-1/debian/"],
  },
];
