"""Certificates made for one test, with the openssl command."""

import base64
import subprocess
from pathlib import Path

from .strict import Wrong, only

KEYS = {"ca", "by", "hosts", "ips", "uris", "cn", "days", "client", "expired", "rsa"}


class Certs:
    """`certs:` of a test: name -> files NAME.pem (chain) and NAME.key in `folder`, made when first asked for."""

    def __init__(self, folder, specs):
        self.folder = Path(folder)
        self.specs = specs or {}
        self.made = set()
        for name, spec in self.specs.items():
            only(spec or {}, KEYS, f"cert {name}")

    def is_ca(self, name):
        return bool((self.specs[name] or {}).get("ca"))

    def files(self, name):
        """(certificate chain, key) of `name`."""
        if name not in self.specs:
            raise Wrong(f"there is no cert '{name}' under certs:")
        chain, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if name not in self.made:
            self.make(name, chain, key)
            self.made.add(name)
        return chain, key

    def base64(self, name, part):
        return base64.b64encode(self.files(name)[0 if part == "pem" else 1].read_bytes()).decode()

    def remake(self, name, spec=None):
        """A new key and certificate under the same name."""
        if spec is not None:
            self.specs[name] = spec
        self.made.discard(name)
        return self.files(name)

    def make(self, name, chain, key):
        spec = self.specs[name] or {}
        self.folder.mkdir(parents=True, exist_ok=True)
        run("openssl", "genpkey", "-out", key, *(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
            if spec.get("rsa") else ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]))
        subject = "/CN=" + str(spec.get("cn", (spec.get("hosts") or [name])[0]))
        names = [f"DNS:{h}" for h in spec.get("hosts", [])] + [f"IP:{i}" for i in spec.get("ips", [])]
        names += [f"URI:{u}" for u in spec.get("uris", [])]
        if spec.get("ca"):
            extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        else:
            extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"]
        if names:
            extensions.append("subjectAltName=" + ",".join(names))
        request = self.folder / f"{name}.csr"
        run("openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request)
        config = self.folder / f"{name}.ext"
        config.write_text("\n".join(extensions) + "\n")
        days = "-1" if spec.get("expired") else str(spec.get("days", 2))
        if "by" in spec:
            ca_chain, ca_key = self.files(spec["by"])
            signer = ["-CA", ca_chain, "-CAkey", ca_key, "-CAcreateserial", "-CAserial", self.folder / f"{name}.srl"]
        else:
            signer = ["-signkey", key]
        fresh = self.folder / f"{name}.new"
        run("openssl", "x509", "-req", "-in", request, *signer, "-days", days, "-sha256", "-extfile", config,
            "-out", fresh)
        text = fresh.read_text()
        if "by" in spec and "by" in (self.specs[spec["by"]] or {}):  # the CA is an intermediate one
            text += self.files(spec["by"])[0].read_text()
        fresh.unlink()
        chain.write_text(text)


def run(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise Wrong(f"{' '.join(str(a) for a in argv)}: {done.stderr.strip()}")
