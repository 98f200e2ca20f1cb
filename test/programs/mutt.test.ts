import { provesMuttLike } from "./mutt-like.ts";

provesMuttLike("mutt", "Command returned empty string");
