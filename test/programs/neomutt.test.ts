import { provesMuttLike } from "./mutt-like.ts";

provesMuttLike("neomutt", "No authenticators available");
