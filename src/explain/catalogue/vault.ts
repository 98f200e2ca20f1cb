/** gpg, its agent and pinentry, the keyring, and mailkey's own words about the vault. */
import type { Entry, Step } from "../entry.ts";

const UNATTENDED: Step = { say: "or use a vault that needs nobody", type: "mailkey vault move age --identity default" };
const PASSPHRASE_FILE: Step = {
  say: "or give gpg's passphrase in a private file",
  type: "mailkey vault use gpg --passphrase-file FILE",
};
const GPG_AGENT = "https://www.gnupg.org/documentation/manuals/gnupg/Invoking-GPG_002dAGENT.html";
const GPG_ESOTERIC = "https://www.gnupg.org/documentation/manuals/gnupg/GPG-Esoteric-Options.html";
const GPG_DETAILS = "https://git.gnupg.org/cgi-bin/gitweb.cgi?p=gnupg.git;a=blob;f=doc/DETAILS";

export const VAULT: readonly Entry[] = [
  {
    id: "gpg-no-terminal",
    area: "vault",
    title: "gpg has to ask and has no terminal",
    why: "gpg's passphrase prompt (pinentry) does not know on which terminal to ask, or there is none, as in cron",
    status: "verified",
    texts: ["Inappropriate ioctl for device", "pkdecrypt_failed 83918950"],
    except: ["ttyname failed: Inappropriate ioctl for device"],
    steps: [{ say: "in your shell's start file", type: "export GPG_TTY=$(tty)" }, PASSPHRASE_FILE, UNATTENDED],
    sources: [GPG_AGENT],
  },
  {
    id: "gpg-bad-passphrase",
    area: "vault",
    title: "the passphrase of the gpg key is wrong",
    why: "gpg was given a passphrase that does not open the key",
    status: "verified",
    texts: ["pkdecrypt_failed 67108875"],
    steps: [
      { say: "try again by hand, and check the passphrase file if there is one", type: "mailkey vault" },
      UNATTENDED,
    ],
    sources: [GPG_DETAILS],
  },
  {
    id: "gpg-no-pinentry",
    area: "vault",
    title: "gpg has no pinentry to ask with",
    why: "pinentry is not installed, or not the one that gpg-agent.conf names",
    status: "verified",
    texts: ["pkdecrypt_failed 67108949", "problem with the agent: No pinentry", "decryption failed: No pinentry"],
    steps: [{ say: "Debian, Ubuntu", type: "sudo apt install pinentry-curses" }, PASSPHRASE_FILE, UNATTENDED],
    sources: [GPG_DETAILS, GPG_AGENT],
  },
  {
    id: "gpg-no-secret-key",
    area: "vault",
    title: "gpg cannot decrypt",
    why: 'a missing terminal, a wrong passphrase and a missing key all end in "No secret key"; mailkey tells them apart',
    status: "verified",
    texts: ["decryption failed: No secret key", "NO_SECKEY"],
    steps: [
      { say: "let mailkey say which of them it is", type: "mailkey vault" },
      { say: "is the key there?", type: "gpg --list-secret-keys" },
      { say: "if it is lost, make a new vault and sign in again", type: "mailkey vault init age --leave-behind" },
    ],
    sources: [GPG_DETAILS],
  },
  {
    id: "gpg-batch-mode",
    area: "vault",
    title: "gpg may not ask and was told no passphrase",
    why: "gpg was told to take the passphrase from its caller (loopback), and the caller has none",
    status: "verified",
    texts: ["Sorry, we are in batchmode - can't get input"],
    steps: [
      { say: "give the passphrase in a private file", type: "mailkey vault use gpg --passphrase-file FILE" },
      { say: "or remove pinentry-mode from gpg.conf" },
    ],
    sources: [GPG_ESOTERIC],
  },
  {
    id: "gpg-loopback-forbidden",
    area: "vault",
    title: "gpg's agent does not take passphrases from programs",
    why: "gpg-agent.conf says no-allow-loopback-pinentry",
    status: "verified",
    texts: ["setting pinentry mode 'loopback' failed: Not supported"],
    steps: [
      {
        say: "remove no-allow-loopback-pinentry from ~/.gnupg/gpg-agent.conf, then",
        type: "gpgconf --reload gpg-agent",
      },
    ],
    sources: [GPG_AGENT],
  },
  {
    id: "no-session-bus",
    area: "vault",
    title: "the keyring is out of reach",
    why: "the keyring is reached through the desktop's message bus, which cron, ssh and containers do not have",
    status: "verified",
    texts: [
      "Cannot autolaunch D-Bus without X11 $DISPLAY",
      "Unable to autolaunch a dbus-daemon without a $DISPLAY for X11",
    ],
    steps: [
      { say: "use a vault that needs no desktop", type: "mailkey vault move age" },
      { say: "under systemd, run it as a user service: it has the bus" },
    ],
    sources: [
      "https://github.com/jaraco/keyring/issues/280",
      "https://specifications.freedesktop.org/secret-service/latest/",
    ],
  },
  {
    id: "vault-needs-passphrase",
    area: "vault",
    title: "the vault wants a passphrase typed",
    why: "a passphrase that is typed works only where somebody sits: mail programs, cron and systemd run in the background",
    status: "verified",
    texts: ["the vault needs a passphrase, and there is no terminal"],
    steps: [
      {
        say: "give it in a private file",
        type: "mailkey vault move age --passphrase-file FILE",
      },
      { say: "or use a key without one", type: "mailkey vault move age" },
    ],
    sources: ["https://github.com/FiloSottile/age"],
  },
];
