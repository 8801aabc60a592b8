import { createServer } from 'node:net'
import getPort from 'get-port'

/** Where the stack listens, on 127.0.0.1. */
export interface Ports {
  uploadApi: number
  aws: number
}

/** The ports of .env.example, or those that the environment says. @throws Error if one is no port or is taken */
export async function configuredPorts(): Promise<Ports> {
  const ports = { uploadApi: readPort('UPLOAD_API_PORT', 4000), aws: readPort('AWS_PORT', 4566) }
  await requireFree(ports.uploadApi, 'UPLOAD_API_PORT')
  await requireFree(ports.aws, 'AWS_PORT')
  return ports
}

export async function freePorts(): Promise<Ports> {
  return { uploadApi: await freePort(), aws: await freePort() }
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
