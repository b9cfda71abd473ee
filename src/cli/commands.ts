import type { Command, Option } from './command.js'

const PARAM: Option = {
  name: 'param',
  value: 'NAME=VALUE',
  isRepeatable: true,
  summary: 'a parameter of the job (flow.params)',
}
const PARALLELISM: Option = {
  name: 'parallelism',
  value: 'N',
  summary: "instead of the job's own default",
}

/** Every command there is, in the order in which the help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'dev',
    summary: 'run a job here: the whole cluster in one process',
    examples: [
      { line: 'retake dev examples/word-count.ts', what: 'run it, watch it, crash it with k' },
      {
        line: 'retake dev jobs/clicks.ts --param topic=clicks --state ./state',
        what: 'keep its state: the same command goes on after any end',
      },
      {
        line: 'retake dev jobs/clicks.ts --state ./state --from-checkpoint 12',
        what: 'a new run that begins with checkpoint 12',
      },
    ],
    arguments: [{ name: 'JOB', summary: 'a .ts or .js file whose default export is a job' }],
    options: [
      PARAM,
      PARALLELISM,
      { name: 'slots', value: 'N', summary: 'slots, each a thread (as many as the job needs)' },
      {
        name: 'state',
        value: 'DIR',
        summary: 'keep logs and checkpoints there, and go on with the unended run it holds',
      },
      {
        name: 'from-checkpoint',
        value: 'ID',
        summary: 'start a new run from a checkpoint: an id, RUN/ID, or a path',
      },
      {
        name: 'allow-repeated-rows',
        summary: 'with --from-checkpoint: write rows again that sinks already have',
      },
      { name: 'nats', value: 'URL', summary: 'force every channel over this nats-server' },
      {
        name: 'log-level',
        value: 'LEVEL',
        choices: ['debug', 'info', 'warn', 'error'],
        summary: 'debug, info, warn (unless said), error',
      },
      { name: 'log-format', value: 'FORMAT', choices: ['text', 'json'], summary: 'text (unless said), json' },
    ],
    notes: [
      'Keys: k crashes a slot thread, c takes a checkpoint, q stops. Ctrl-C stops too; a second one ends the ' +
        'process at once.',
      'Stopped with --state, a run stays unended, and the same command goes on with it. Without, it is canceled, ' +
        'and its temporary state is deleted.',
      'What the job prints goes to stdout, all else to stderr.',
    ],
    load: async () => (await import('./dev-command.js')).devCommand,
  },
  {
    name: 'plan',
    summary: 'show what a job becomes: vertices, subtasks, slots',
    examples: [
      { line: 'retake plan examples/word-count.ts', what: 'as text' },
      { line: 'retake plan jobs/clicks.ts --format mermaid', what: 'as a diagram' },
      { line: 'retake plan jobs/clicks.ts --format json | jq .requiredSlots', what: 'as data' },
    ],
    arguments: [{ name: 'JOB', summary: 'a .ts or .js file whose default export is a job' }],
    options: [
      PARAM,
      PARALLELISM,
      {
        name: 'format',
        value: 'FORMAT',
        choices: ['text', 'json', 'mermaid'],
        summary: 'text (unless said), json, mermaid',
      },
    ],
    load: async () => (await import('./plan-command.js')).planCommand,
  },
  {
    name: 'version',
    summary: 'print the version',
    examples: [{ line: 'retake version', what: 'of Retake and of Node' }],
    arguments: [],
    options: [],
    load: async () => (await import('./version-command.js')).versionCommand,
  },
  {
    name: 'help',
    summary: 'explain a command',
    examples: [{ line: 'retake help dev', what: 'all that dev takes' }],
    arguments: [{ name: 'COMMAND', summary: 'which one; all of them unless said', isOptional: true }],
    options: [],
    load: async () => (await import('./help-command.js')).helpCommand(COMMANDS),
  },
]
