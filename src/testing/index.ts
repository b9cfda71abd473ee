/** What tests import as `retake/testing`. Jobs never do: it runs them. */
export type { HarnessSnapshot } from './harness-snapshot.js'
export {
  type EmittedAt,
  type HarnessOptions,
  type KeyOfPort,
  type OperatorHarness,
  operatorHarness,
  type PortHarness,
  type ProcessHarness,
  portHarness,
} from './operator-harness.js'
