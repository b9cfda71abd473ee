import { COMMANDS } from '#src/cli/commands.js'
import { durationOption } from '#src/cli/duration-option.js'
import { type Invocation, parseInvocation } from '#src/cli/invocation.js'
import { UsageError } from '#src/cli/usage-error.js'
import type { Random } from '#src/kit/random.js'
import type { Decoder } from '../decoder.js'
import { between, listOf, pick, text } from '../draw.js'

/** Nobody types more. */
const BYTES_MAX = 4_096

/** What a user may type behind `retake`: words with NUL between them. */
export const commandLine: Decoder<string> = {
  name: 'command-line',
  sample(random) {
    const words = drawnWords(random)
    return { bytes: Buffer.from(words.join('\0')), value: readingOf(words) }
  },
  decode: (bytes) => readingOf(Buffer.from(bytes).toString('utf8', 0, BYTES_MAX).split('\0')),
  isRefusal: () => false,
  /** It loads what a command's help and its misspellings need, and keeps it. */
  allocatedMax: () => 32 * 1024 * 1024,
}

/** What the command would be given, or that the words are refused, with a message. */
function readingOf([name = '', ...words]: readonly string[]): string {
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) return 'there is no such command'
  try {
    const invocation = parseInvocation(command, words, { RETAKE_NATS: 'nats://localhost' })
    return JSON.stringify(command.options.map(({ name }) => valuesOf(invocation, name)))
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
}

function valuesOf(invocation: Invocation, name: string): unknown {
  if (name === 'param') return invocation.pairs(name)
  if (/timeout|interval|within/.test(name)) return durationOption(invocation, name)
  return invocation.texts(name)
}

function drawnWords(random: Random): string[] {
  const command = pick(random, COMMANDS)
  const words = () =>
    pick(random, [
      () => [text(random)],
      () =>
        command.options.length === 0 ? [] : [`--${pick(random, command.options).name}`, text(random, 9)],
      () =>
        command.options.length === 0 ? [] : [`--${pick(random, command.options).name}=${text(random, 9)}`],
      () => ['--param', `${text(random, 4)}=${between(random, 0, 9)}`],
      () => [pick(random, ['--__proto__=1', '--param=__proto__=1', '--', '-', '--constructor', '-p', ''])],
    ])()
  return [command.name, ...listOf(random, 5, words).flat()].map((word) => word.replaceAll('\0', ''))
}
