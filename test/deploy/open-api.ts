import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiGatewayV2Client, GetApisCommand } from '@aws-sdk/client-apigatewayv2'

export interface Api {
  url: string
  close(): Promise<void>
}

/**
 * The deployed HTTP API of a stage under a URL of this machine. The emulator finds an API by its host name, which has no entry
 * in DNS, so this forwards each request with that name.
 */
export async function openApi(endpoint: string, stage: string): Promise<Api> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const gateway = new ApiGatewayV2Client({ endpoint, region: 'us-east-1', credentials })
  const { Items = [] } = await gateway.send(new GetApisCommand({}))
  const id = Items.find(({ Name }) => Name === `${stage}-darkroom-upload-api`)?.ApiId
  if (!id) throw new Error(`There is no API of the stage ${stage}: ${Items.map(({ Name }) => Name)}`)
  const { hostname, port } = new URL(endpoint)
  const server = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, host: `${id}.execute-api.${hostname}` }
    const { method, url: path } = incoming
    const forwarded = request({ hostname, port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    forwarded.on('error', (error) => answer.destroy(error))
    incoming.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
