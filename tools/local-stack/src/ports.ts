import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import getPort from 'get-port'

/** The stack's ports on 127.0.0.1. */
export interface Ports {
  uploadApi: number
  webApp1: number
  webApp2: number
  dashboard: number
  aws: number
  kafka: number
}

/** Environment variable and default of each port, as in .env.example. */
const PORT_VARIABLES: Record<keyof Ports, [variable: string, defaultPort: number]> = {
  uploadApi: ['UPLOAD_API_PORT', 4000],
  webApp1: ['WEB_APP_1_PORT', 4001],
  webApp2: ['WEB_APP_2_PORT', 4002],
  dashboard: ['DASHBOARD_PORT', 4003],
  aws: ['AWS_PORT', 4566],
  kafka: ['KAFKA_PORT', 9092],
}

/** The ports from the environment, or the defaults. @throws Error if one is invalid, used twice or in use */
export function configuredPorts(): Promise<Ports> {
  const chosen = new Map<number, string>()
  return forEach(async ([variable, defaultPort]) => {
    const port = readPort(variable, defaultPort)
    const other = chosen.get(port)
    if (other) throw new Error(`${other} and ${variable} are both ${port}. Give each a port of its own.`)
    chosen.set(port, variable)
    await requireFree(port, variable)
    return port
  })
}

/** The environment variables by which `pnpm dev` takes these ports. */
export function portVariables(ports: Ports): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [PORT_VARIABLES[name as keyof Ports][0], String(port)]),
  )
}

export function freePorts(): Promise<Ports> {
  return forEach(freePort)
}

async function forEach(choose: (configured: [string, number]) => Promise<number>): Promise<Ports> {
  const ports: Partial<Ports> = {}
  for (const name of Object.keys(PORT_VARIABLES) as (keyof Ports)[])
    ports[name] = await choose(PORT_VARIABLES[name])
  return ports as Ports
}

/**
 * Below the ports that systems give to connections and to servers on port 0 (RFC 6335, section 6, and Linux from 32768): between
 * the choice and the start of a server, one of those could take it. Above 10080, to which browsers and Node's `fetch` do not connect
 * (https://fetch.spec.whatwg.org/#port-blocking).
 */
const [FIRST_PORT, LAST_PORT] = [11_000, 32_000]
const TRIES = 100

/** A port that nothing uses yet, and that is unlikely to be taken until a server starts on it. */
export function freePort(): Promise<number> {
  const port = Array.from({ length: TRIES }, () => randomInt(FIRST_PORT, LAST_PORT))
  return getPort({ host: '127.0.0.1', port })
}

function readPort(variable: string, defaultPort: number): number {
  const text = process.env[variable]
  const port = text ? Number(text) : defaultPort
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`${variable} is "${text}", which is not a valid port. Use a number from 1 to 65535.`)
}

function requireFree(port: number, variable: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause) => {
      const advice = `Is the stack already running? Stop the other process, or set ${variable} to another port.`
      reject(new Error(`Port ${port} is in use. ${advice}`, { cause }))
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}
