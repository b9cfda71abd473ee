import type { RunCommand } from './command.js'
import { EXIT } from './exit-code.js'
import { version } from './version.js'

export const versionCommand: RunCommand = async (_, terminal) => {
  terminal.data(`retake ${version()} (Node ${process.versions.node})\n`)
  return EXIT.ok
}
