export { startWebApp2, type WebApp2, type WebApp2Options } from './start-web-app-2.ts'
