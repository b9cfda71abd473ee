import { createConnection } from 'node:net'

/** What a nats-server says of itself before anything else, and before TLS; undefined when it says nothing in time. */
export function natsGreeting(
  server: string,
  timeoutMs: number,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { hostname, port } = new URL(server.includes('://') ? server : `nats://${server}`)
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 4222) })
    let text = ''
    const settle = (greeting?: Readonly<Record<string, unknown>>) => {
      socket.destroy()
      resolve(greeting)
    }
    socket.setTimeout(timeoutMs, () => settle())
    socket.on('error', () => settle())
    socket.on('close', () => settle())
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\r\n')
      if (end >= 0) settle(infoIn(text.slice(0, end)))
    })
  })
}

function infoIn(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return line.startsWith('INFO ')
      ? (JSON.parse(line.slice('INFO '.length)) as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
