// @ts-check
// What makes the console quicker and friendlier where scripts run. Every page works without it.
import { answerByDigits } from "./assessing.js";
import { offerCopying } from "./copying.js";
import { showHelp } from "./help.js";
import { offerLooking } from "./looking.js";
import { walkQueue } from "./queue.js";
import { localTimes } from "./times.js";

localTimes(document);
offerCopying(document);
walkQueue(document);
showHelp(document);
answerByDigits(document);
offerLooking(document);
