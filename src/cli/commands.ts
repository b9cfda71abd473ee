import type { Argument, Command } from './command.js'
import {
  CLUSTER_NAME,
  CLUSTER_OPTIONS,
  logOptions,
  OUTPUT,
  PLAN_OPTIONS,
  SECRETS_NOTE,
  START_OPTIONS,
} from './shared-options.js'

const JOB_FILE: Argument = { name: 'JOB', summary: 'a .ts or .js file whose default export is a job' }
const RUN: Argument = {
  name: 'JOB',
  summary: "a job's name (its newest run), a run id, or the beginning of one",
}
const OF_A_CLUSTER = { group: 'Commands for a cluster' }

/** Every command there is, in the order in which the help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    summary: 'begin a project: a job, its test, and servers for it',
    examples: [{ line: 'retake init my-job', what: 'cd my-job, npm install, npm test' }],
    arguments: [{ name: 'DIR', summary: 'a folder that is empty or not there yet' }],
    options: [],
    notes: [
      'Its job counts clicks from Kafka into PostgreSQL, exactly once. npm test and npm run dev need neither; ' +
        'compose.yaml has both.',
      'It depends on the Retake that wrote it: a version, or the tarball or checkout that it came from.',
    ],
    load: async () => (await import('./init-command.js')).initCommand,
  },
  {
    name: 'dev',
    summary: 'run a job here: the whole cluster in one process',
    examples: [
      {
        line: 'retake dev examples/word-count.ts --param input=docs --param output=counts',
        what: 'run it, watch it, crash it with k',
      },
      {
        line: 'retake dev jobs/clicks.ts --param topic=clicks --state ./state',
        what: 'keep its state: the same command goes on after any end',
      },
      {
        line: 'retake dev jobs/clicks.ts --state ./state --from-checkpoint 12',
        what: 'a new run that begins with checkpoint 12',
      },
    ],
    arguments: [JOB_FILE],
    options: [
      ...PLAN_OPTIONS,
      { name: 'slots', value: 'N', summary: 'slots, each a thread (as many as the job needs)' },
      {
        name: 'state',
        value: 'DIR',
        summary: 'keep logs and checkpoints there, and go on with the unended run it holds',
      },
      ...START_OPTIONS,
      { name: 'nats', value: 'URL', summary: 'force every channel over this nats-server' },
      ...logOptions('warn'),
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
      {
        line: 'retake plan examples/word-count.ts --param input=docs --param output=counts',
        what: 'as text',
      },
      { line: 'retake plan jobs/clicks.ts --format mermaid', what: 'as a diagram' },
      { line: 'retake plan jobs/clicks.ts --format json | jq .requiredSlots', what: 'as data' },
    ],
    arguments: [JOB_FILE],
    options: [
      ...PLAN_OPTIONS,
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
    name: 'run',
    summary: 'run a job on the cluster, and watch it',
    ...OF_A_CLUSTER,
    examples: [
      {
        line: 'retake run jobs/clicks.ts --param topic=clicks',
        what: 'Ctrl-C stops watching; the job goes on',
      },
      { line: 'retake run jobs/clicks.ts --detach', what: 'only print the id of its run' },
      {
        line: 'retake run jobs/clicks.ts --from-checkpoint 12',
        what: 'a new run that begins with checkpoint 12 of the newest one',
      },
    ],
    arguments: [JOB_FILE],
    options: [
      ...PLAN_OPTIONS,
      ...START_OPTIONS,
      { name: 'detach', summary: 'print the id of the run, and return' },
      OUTPUT,
      ...CLUSTER_OPTIONS,
    ],
    notes: [
      'Keys: c takes a checkpoint, q stops watching. Ctrl-C stops watching too. The job goes on until it ends, or ' +
        'until: retake cancel JOB.',
      'The exit code is that of the job: 0 FINISHED, 6 FAILED, 7 CANCELED; 130 after Ctrl-C.',
      SECRETS_NOTE,
    ],
    load: async () => (await import('./run-command.js')).runCommand,
  },
  {
    name: 'list',
    summary: 'the runs that have not ended',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake list', what: 'status, rates, newest checkpoint' },
      { line: 'retake list --all -o json | jq .jobs[].run', what: 'ended ones too, as data' },
    ],
    arguments: [],
    options: [{ name: 'all', summary: 'ended ones too' }, OUTPUT, ...CLUSTER_OPTIONS],
    notes: [SECRETS_NOTE],
    load: async () => (await import('./list-command.js')).listCommand,
  },
  {
    name: 'show',
    summary: 'one run: subtasks, checkpoints, failures',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake show click-count', what: 'its newest run' },
      { line: 'retake show 7hq2', what: 'the run whose id begins so' },
    ],
    arguments: [RUN],
    options: [OUTPUT, ...CLUSTER_OPTIONS],
    notes: [SECRETS_NOTE],
    load: async () => (await import('./show-command.js')).showCommand,
  },
  {
    name: 'cancel',
    summary: 'end a run, and wait until it has ended',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake cancel click-count', what: 'its checkpoints are kept' },
      { line: 'retake cancel click-count --timeout 30s', what: 'ends with 8 if it takes longer' },
    ],
    arguments: [RUN],
    options: [
      { name: 'no-wait', summary: 'return when the cancel has begun' },
      { name: 'timeout', value: 'DURATION', summary: 'wait no longer; the cancel goes on' },
      OUTPUT,
      ...CLUSTER_OPTIONS,
    ],
    notes: ['Ends with 0 when the run is CANCELED or FINISHED, with 6 when it FAILED.', SECRETS_NOTE],
    load: async () => (await import('./cancel-command.js')).cancelCommand,
  },
  {
    name: 'checkpoints',
    summary: 'the checkpoints of a run, or one more of them',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake checkpoints click-count', what: 'newest first' },
      { line: 'retake checkpoints click-count --now', what: 'take one, and print its id' },
    ],
    arguments: [RUN],
    options: [
      { name: 'now', summary: 'take one, and wait until it is complete' },
      OUTPUT,
      ...CLUSTER_OPTIONS,
    ],
    notes: [SECRETS_NOTE],
    load: async () => (await import('./checkpoints-command.js')).checkpointsCommand,
  },
  {
    name: 'nodes',
    summary: 'the living nodes: roles, slots, clocks',
    ...OF_A_CLUSTER,
    examples: [{ line: 'retake nodes', what: 'the job manager that leads comes first' }],
    arguments: [],
    options: [OUTPUT, ...CLUSTER_OPTIONS],
    notes: [SECRETS_NOTE],
    load: async () => (await import('./nodes-command.js')).nodesCommand,
  },
  {
    name: 'actors',
    summary: 'the living actors of every thread, as trees',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake actors', what: 'state, mail, age of the oldest message, restarts' },
      { line: 'retake actors sum', what: 'those named so, and what is above and below them' },
    ],
    arguments: [
      { name: 'FILTER', summary: 'a part of a name, or of the operators of a subtask', isOptional: true },
    ],
    options: [OUTPUT, ...CLUSTER_OPTIONS],
    notes: [SECRETS_NOTE],
    load: async () => (await import('./actors-command.js')).actorsCommand,
  },
  {
    name: 'node',
    summary: 'be a node of a cluster',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake node --nats nats://queue:4222', what: 'a job manager and a task manager in one' },
      {
        line: 'retake node --role task-manager --slots 8 --labels zone=a,disk=ssd',
        what: 'one that only works',
      },
    ],
    arguments: [],
    options: [
      {
        name: 'role',
        value: 'ROLE',
        choices: ['all', 'job-manager', 'task-manager'],
        summary: 'all (unless said), job-manager, task-manager',
      },
      { name: 'name', value: 'NAME', summary: 'the name of this machine unless said' },
      { name: 'slots', value: 'N', summary: 'of a task manager, each a thread (as many as there are CPUs)' },
      { name: 'labels', value: 'NAME=VALUE,…', isRepeatable: true, summary: 'shown with it' },
      {
        name: 'state',
        value: 'DIR',
        summary: 'keep logs and checkpoints there instead of in JetStream; all nodes must share it',
      },
      {
        name: 'heartbeat-timeout',
        value: 'DURATION',
        summary: 'of a job manager: a node that is silent for so long is dead (25s, at least 3s)',
      },
      {
        name: 'drain-timeout',
        value: 'DURATION',
        summary: 'what it may take to leave in good order (60s)',
      },
      ...logOptions('info'),
      ...CLUSTER_OPTIONS,
    ],
    notes: [
      'SIGTERM and Ctrl-C make it leave in good order and end with 0. A second one, or the end of the time, ends it ' +
        'at once with 143 or 130; nothing durable is lost then: its jobs go on from their newest checkpoints.',
      SECRETS_NOTE,
    ],
    load: async () => (await import('./node-command.js')).nodeCommand,
  },
  {
    name: 'doctor',
    summary: 'examine this machine, NATS, JetStream and the cluster',
    ...OF_A_CLUSTER,
    examples: [
      { line: 'retake doctor', what: 'what works, what does not, and what to do about it' },
      { line: 'retake doctor --nats nats://queue:4222 -o json | jq .problems', what: 'as data' },
    ],
    arguments: [],
    options: [
      {
        name: 'role',
        value: 'ROLE',
        choices: ['all', 'job-manager', 'task-manager'],
        summary: 'whose permissions are examined: all (unless said), job-manager, task-manager',
      },
      { name: 'name', value: 'NAME', summary: 'ask whether a node of that name would be taken in' },
      { name: 'state', value: 'DIR', summary: 'examine this directory instead of JetStream' },
      OUTPUT,
      ...CLUSTER_OPTIONS,
    ],
    notes: [
      'It changes nothing, and runs before the first node is started as well as while jobs run. It ends with 10 when ' +
        'a check has failed; a warning is no failure.',
      SECRETS_NOTE,
    ],
    load: async () => (await import('./doctor-command.js')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'what an error code means, and what to do',
    examples: [
      { line: 'retake explain RT1203', what: 'one code; rt1203 and 1203 are the same' },
      { line: 'retake explain', what: 'which there are' },
    ],
    arguments: [{ name: 'CODE', summary: 'of an error; all of them unless said', isOptional: true }],
    options: [OUTPUT],
    load: async () => (await import('./explain-command.js')).explainCommand,
  },
  {
    name: 'generate',
    summary: 'write a configuration for nats-server',
    ...OF_A_CLUSTER,
    examples: [
      {
        line: 'retake generate nats-conf --cluster prod > retake.conf',
        what: 'to be included by nats-server, which has the passwords in its environment',
      },
      {
        line: 'retake generate nats-conf --cluster prod --nkeys keys > retake.conf',
        what: 'no passwords: a key for each user, its seed in a file of its own',
      },
    ],
    arguments: [{ name: 'WHAT', summary: 'nats-conf' }],
    options: [
      {
        name: 'users',
        value: 'ROLE,…',
        summary:
          'of job-manager, task-manager, client, observer, all; the first four unless said. all is for a node of both roles',
      },
      { name: 'nkeys', value: 'DIR', summary: 'make keys, and keep their seeds there, for --nats-nkey' },
      CLUSTER_NAME,
    ],
    notes: ['What is printed has no secret in it. Names of other clusters need another one.'],
    load: async () => (await import('./generate-command.js')).generateCommand,
  },
  {
    name: 'version',
    summary: 'print the version',
    examples: [{ line: 'retake version', what: 'of Retake and of Node' }],
    arguments: [],
    options: [OUTPUT],
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
