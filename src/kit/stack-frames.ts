/** Whose code a frame of a stack is. `package`: what the user has installed, and Retake where it is installed. */
export type CodeOwner = 'user' | 'retake' | 'package' | 'node'

/** One line of a stack. */
export interface StackFrame {
  readonly owner: CodeOwner
  /** `at shout (/shop/jobs/clicks.ts:5:20)` */
  readonly text: string
  /** `/shop/jobs/clicks.ts:5` */
  readonly place: string
}

/** Before the path, from the package's folder, of what a job's bundle has of Retake: source maps name it so. */
export const OWN_SOURCE = 'retake:'

/** `at name (file:///path:line:column)`, `at async path:line:column` */
const FRAME = /^\s*(at (?:.*? \()?(?:async )?(?:file:\/\/)?([^\s()]+(?: [^()]*)?):(\d+):\d+\)?)$/

/** This package's folder, with a slash at its end; this file runs from <package>/dist/src/kit. */
const PACKAGE = decodeURIComponent(new URL('../../../', import.meta.url).pathname)
const OWN_FOLDERS = ['src/', 'actors/', 'dist/'].map((folder) => PACKAGE + folder)

/** The frames of `stack`, newest first; lines that name no file are left out. */
export function stackFramesOf(stack: string | undefined): StackFrame[] {
  return (stack ?? '').split('\n').flatMap((line) => {
    const [, text, file, lineNumber] = FRAME.exec(line) ?? []
    if (text === undefined || file === undefined) return []
    return [{ owner: ownerOf(file), text: text.replace('file://', ''), place: `${file}:${lineNumber}` }]
  })
}

/** Where in the user's own code `stack` comes from, as `file:line`; undefined where it does not. */
export function userPlaceIn(stack: string | undefined): string | undefined {
  return stackFramesOf(stack).find(({ owner }) => owner === 'user')?.place
}

function ownerOf(file: string): CodeOwner {
  if (file.startsWith('node:')) return 'node'
  if (file.startsWith(OWN_SOURCE) || OWN_FOLDERS.some((folder) => file.startsWith(folder))) return 'retake'
  return /[/\\]node_modules[/\\]/.test(file) ? 'package' : 'user'
}
