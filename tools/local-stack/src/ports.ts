import { createServer } from 'node:net'
import getPort from 'get-port'

/** Where the stack listens, on 127.0.0.1. */
export interface Ports {
  uploadApi: number
  webApp1: number
  webApp2: number
  dashboard: number
  aws: number
  kafka: number
}

/** The variable and the standard value of each port, as .env.example lists them. */
const CONFIGURED: Record<keyof Ports, [variable: string, standard: number]> = {
  uploadApi: ['UPLOAD_API_PORT', 4000],
  webApp1: ['WEB_APP_1_PORT', 4001],
  webApp2: ['WEB_APP_2_PORT', 4002],
  dashboard: ['DASHBOARD_PORT', 4003],
  aws: ['AWS_PORT', 4566],
  kafka: ['KAFKA_PORT', 9092],
}

/** The ports of .env.example, or those that the environment says. @throws Error if one is no port or is taken */
export function configuredPorts(): Promise<Ports> {
  return forEach(async ([variable, standard]) => {
    const port = readPort(variable, standard)
    await requireFree(port, variable)
    return port
  })
}

export function freePorts(): Promise<Ports> {
  return forEach(freePort)
}

async function forEach(choose: (configured: [string, number]) => Promise<number>): Promise<Ports> {
  const ports: Partial<Ports> = {}
  for (const name of Object.keys(CONFIGURED) as (keyof Ports)[]) ports[name] = await choose(CONFIGURED[name])
  return ports as Ports
}

export function freePort(): Promise<number> {
  return getPort({ host: '127.0.0.1' })
}

function readPort(variable: string, standard: number): number {
  const text = process.env[variable]
  const port = text ? Number(text) : standard
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`${variable} is "${text}", which is no port number. Set it to one of 1 to 65535.`)
}

function requireFree(port: number, variable: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause) => {
      const advice = `Is the stack running already? Stop what listens there, or set ${variable} to another port.`
      reject(new Error(`Port ${port} is taken. ${advice}`, { cause }))
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}
