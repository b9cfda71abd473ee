import { version } from '../kit/version.js'
import type { RunCommand } from './command.js'
import { EXIT } from './exit-code.js'

export const versionCommand: RunCommand = async (invocation, terminal) => {
  const versions = { version: version(), node: process.versions.node }
  const text = `retake ${versions.version} (Node ${versions.node})`
  terminal.data(invocation.text('output') === 'json' ? `${JSON.stringify(versions, null, 2)}\n` : `${text}\n`)
  return EXIT.ok
}
