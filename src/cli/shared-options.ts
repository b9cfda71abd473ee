import type { Option } from './command.js'

/** Options that several commands take, as data. */

/** Of what is made of a job file. */
export const PLAN_OPTIONS: readonly Option[] = [
  {
    name: 'param',
    value: 'NAME=VALUE',
    isRepeatable: true,
    summary: 'a parameter of the job (flow.params)',
  },
  { name: 'parallelism', value: 'N', summary: "instead of the job's own default" },
]

/** Of what begins a run. */
export const START_OPTIONS: readonly Option[] = [
  {
    name: 'from-checkpoint',
    value: 'ID',
    summary: 'start a new run from a checkpoint: an id, RUN/ID, or a path',
  },
  {
    name: 'allow-repeated-rows',
    summary: 'with --from-checkpoint: write rows again that sinks already have',
  },
]

const LEVELS = ['debug', 'info', 'warn', 'error']

/** `level`: what is logged unless said. */
export function logOptions(level: string): readonly Option[] {
  return [
    {
      name: 'log-level',
      value: 'LEVEL',
      choices: LEVELS,
      summary: LEVELS.map((each) => (each === level ? `${each} (unless said)` : each)).join(', '),
    },
    { name: 'log-format', value: 'FORMAT', choices: ['text', 'json'], summary: 'text (unless said), json' },
  ]
}

export const OUTPUT: Option = {
  name: 'output',
  short: 'o',
  value: 'FORMAT',
  choices: ['text', 'json'],
  summary: 'text (unless said), or one JSON document with stable keys',
}

const IN_CLUSTER = { group: 'The cluster, and the way to it' }

export const CLUSTER_NAME: Option = {
  name: 'cluster',
  value: 'NAME',
  environment: 'RETAKE_CLUSTER',
  summary: 'which one on that NATS, "default" unless said',
  ...IN_CLUSTER,
}

/** Of whatever speaks to a cluster; `cluster-address.ts` reads them. */
export const CLUSTER_OPTIONS: readonly Option[] = [
  {
    name: 'nats',
    value: 'URL[,URL…]',
    environment: 'RETAKE_NATS',
    summary: 'nats://127.0.0.1:4222 unless said',
    ...IN_CLUSTER,
  },
  CLUSTER_NAME,
  {
    name: 'nats-creds',
    value: 'FILE',
    environment: 'RETAKE_NATS_CREDS',
    summary: 'a .creds file',
    ...IN_CLUSTER,
  },
  {
    name: 'nats-nkey',
    value: 'FILE',
    environment: 'RETAKE_NATS_NKEY',
    summary: 'a file with the seed of an nkey',
    ...IN_CLUSTER,
  },
  {
    name: 'tls-ca',
    value: 'FILE',
    environment: 'RETAKE_TLS_CA',
    summary: 'who signed the certificate of the server',
    ...IN_CLUSTER,
  },
  {
    name: 'tls-cert',
    value: 'FILE',
    environment: 'RETAKE_TLS_CERT',
    summary: 'the certificate that we show',
    ...IN_CLUSTER,
  },
  { name: 'tls-key', value: 'FILE', environment: 'RETAKE_TLS_KEY', summary: 'its key', ...IN_CLUSTER },
  { name: 'tls-first', summary: "TLS before the server's greeting", ...IN_CLUSTER },
]

/** What must not stand on a command line, as a note below the options. */
export const SECRETS_NOTE =
  'A command line is visible to everyone on the machine, so user and password, or a token, come from ' +
  'RETAKE_NATS_USER, RETAKE_NATS_PASSWORD and RETAKE_NATS_TOKEN, or stand in the URL of RETAKE_NATS.'
