/**
 * Loaded before a program by `node --import`: it ends at once when whoever started it has ended, in whatever way. The
 * kernel closes the pipe between them even when nobody else can do anything any more.
 */
import { isMainThread } from 'node:worker_threads'

if (isMainThread && process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // A program that has ended by itself is not kept from it.
  process.channel.unref()
}
