/** What tests import as `retake/testing`. Jobs never do: it runs them. */
export { type LogFields, type Logger, silentLogger } from '../kit/logger.js'
export type { HarnessSnapshot } from './harness-snapshot.js'
export type { FailureOfJob, JobRun, Patience } from './job-run.js'
export type { JobSnapshot } from './job-snapshot.js'
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
export type { RecordedSink } from './recorded-rows.js'
export { type Script, scripted } from './script.js'
export { type TestJobOptions, testJob } from './test-job.js'
