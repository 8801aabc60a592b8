/** The module of the class. The package's main module warns of each Node that is no LTS release, as early ones of 24 are. */
declare module 'oidc-provider/lib/provider.js' {
  export { Provider } from 'oidc-provider'
}
