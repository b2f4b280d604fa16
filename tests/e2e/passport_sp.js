// A service provider with passport-saml: one call of its SAML class for each run.
// Reads {"options": {...}, "call": "...", "argument": ...} and writes the result as JSON.
const { SAML } = require("passport-saml");

async function run({ options, call, argument }) {
  const provider = new SAML(options);
  switch (call) {
    case "redirect":
      return provider.getAuthorizeUrlAsync("here", "sp.example", {});
    case "post":
      return provider.getAuthorizeFormAsync("here", "sp.example");
    case "metadata":
      return provider.generateServiceProviderMetadata(null, argument);
    case "response":
      return (await provider.validatePostResponseAsync({ SAMLResponse: argument })).profile;
    case "logout":
      return provider.getLogoutUrlAsync(argument, "here", {});
    case "logout-response": {
      const query = Object.fromEntries(new URLSearchParams(argument));
      return (await provider.validateRedirectAsync(query, argument)).loggedOut;
    }
    default:
      throw new Error(`unknown call ${call}`);
  }
}

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", async () => {
  try {
    const result = await run(JSON.parse(input));
    process.stdout.write(JSON.stringify({ result }));
  } catch (error) {
    process.stdout.write(JSON.stringify({ problem: String(error.message) }));
  }
});
