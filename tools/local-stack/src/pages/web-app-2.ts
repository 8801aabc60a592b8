import { join } from 'node:path'
import { readKafkaConnection } from '@darkroom/kafka-connection'
import { startWebApp2 } from '@darkroom/web-app-2'
import { APPS, IMAGE_TOPIC } from '../apps.ts'
import { repositoryRoot } from '../repository-root.ts'
import type { PageModule } from './page-server.ts'

export { inputsOf, refreshPage } from '@darkroom/page/serve'

export const source = join(repositoryRoot, 'apps/web-app-2/page')

export const start: PageModule['start'] = ({ ports, allowedHosts, endpoints, kafka, store, onLine }) =>
  startWebApp2({
    port: ports.webApp2,
    allowedHosts,
    kafka: { ...readKafkaConnection(kafka), topic: IMAGE_TOPIC },
    claims: store,
    uploadApi: { url: endpoints.uploadApi, apiKey: APPS['web-app-2'].apiKey },
    onLine: (line) => onLine('web-app-2', line),
  })
