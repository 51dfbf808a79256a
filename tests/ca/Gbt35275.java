// GB/T 35275 by Bouncy Castle: the other implementation that tests/ca/test_gbt35275.py compares with.
//   java -cp bcprov.jar:bcutil.jar:bcpkix.jar Gbt35275.java open D-HEX BLOB | make CERTIFICATE DATA OUT
//                                                         | verify BLOB | sign D-HEX CERTIFICATE DATA OUT
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.params.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jce.spec.ECParameterSpec;
import org.bouncycastle.jce.spec.ECPrivateKeySpec;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

public class Gbt35275 {
    static final ASN1ObjectIdentifier DATA = new ASN1ObjectIdentifier("1.2.156.10197.6.1.4.2.1");
    static final ASN1ObjectIdentifier SIGNED = new ASN1ObjectIdentifier("1.2.156.10197.6.1.4.2.2");
    static final ASN1ObjectIdentifier ENVELOPED = new ASN1ObjectIdentifier("1.2.156.10197.6.1.4.2.3");
    static final ASN1ObjectIdentifier SM4_CBC = new ASN1ObjectIdentifier("1.2.156.10197.1.104.2");
    static final X9ECParameters CURVE = GMNamedCurves.getByName("sm2p256v1");
    static final ECDomainParameters DOMAIN = new ECDomainParameters(CURVE);

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        switch (args[0]) {
            case "open" -> System.out.println(HexFormat.of().formatHex(open(new BigInteger(args[1], 16), read(args[2]))));
            case "make" -> Files.write(Path.of(args[3]), make(certificate(args[1]), read(args[2])));
            case "verify" -> System.out.println(HexFormat.of().formatHex(verify(read(args[1]))));
            case "sign" -> Files.write(Path.of(args[4]), sign(new BigInteger(args[1], 16), certificate(args[2]), read(args[3])));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }

    static X509Certificate certificate(String path) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(read(path)));
    }

    static byte[] open(BigInteger d, byte[] blob) throws Exception {
        ContentInfo info = ContentInfo.getInstance(blob);
        require(info.getContentType().equals(ENVELOPED));
        ASN1Sequence content = ASN1Sequence.getInstance(info.getContent());
        require(ASN1Integer.getInstance(content.getObjectAt(0)).hasValue(1));
        ASN1Sequence recipient = ASN1Sequence.getInstance(ASN1Set.getInstance(content.getObjectAt(1)).getObjectAt(0));
        require(ASN1Integer.getInstance(recipient.getObjectAt(0)).hasValue(1));
        AlgorithmIdentifier wrapping = AlgorithmIdentifier.getInstance(recipient.getObjectAt(2));
        require(wrapping.getAlgorithm().equals(GMObjectIdentifiers.sm2encrypt));
        ASN1Sequence cipher = ASN1Sequence.getInstance(ASN1OctetString.getInstance(recipient.getObjectAt(3)).getOctets());
        byte[] c1 = CURVE.getCurve().createPoint(number(cipher, 0), number(cipher, 1)).getEncoded(false);
        byte[] raw = join(c1, octets(cipher, 2), octets(cipher, 3));
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(false, new ECPrivateKeyParameters(d, DOMAIN));
        byte[] key = engine.processBlock(raw, 0, raw.length);
        EncryptedContentInfo inner = EncryptedContentInfo.getInstance(content.getObjectAt(2));
        require(inner.getContentType().equals(DATA));
        require(inner.getContentEncryptionAlgorithm().getAlgorithm().equals(SM4_CBC));
        byte[] iv = ASN1OctetString.getInstance(inner.getContentEncryptionAlgorithm().getParameters()).getOctets();
        return sm4(Cipher.DECRYPT_MODE, key, iv, inner.getEncryptedContent().getOctets());
    }

    static byte[] make(X509Certificate to, byte[] data) throws Exception {
        byte[] key = new byte[16], iv = new byte[16];
        new SecureRandom().nextBytes(key);
        new SecureRandom().nextBytes(iv);
        org.bouncycastle.jce.interfaces.ECPublicKey point = (org.bouncycastle.jce.interfaces.ECPublicKey) to.getPublicKey();
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(true, new ParametersWithRandom(new ECPublicKeyParameters(point.getQ(), DOMAIN), new SecureRandom()));
        byte[] raw = engine.processBlock(key, 0, key.length);
        ASN1Encodable[] cipher = {
            new ASN1Integer(new BigInteger(1, part(raw, 1, 33))), new ASN1Integer(new BigInteger(1, part(raw, 33, 65))),
            new DEROctetString(part(raw, 65, 97)), new DEROctetString(part(raw, 97, raw.length)),
        };
        X509CertificateHolder holder = new X509CertificateHolder(to.getEncoded());
        ASN1Encodable[] recipient = {
            new ASN1Integer(1), new IssuerAndSerialNumber(holder.getIssuer(), to.getSerialNumber()),
            new AlgorithmIdentifier(GMObjectIdentifiers.sm2encrypt),
            new DEROctetString(new DERSequence(cipher).getEncoded("DER")),
        };
        AlgorithmIdentifier algorithm = new AlgorithmIdentifier(SM4_CBC, new DEROctetString(iv));
        byte[] encrypted = sm4(Cipher.ENCRYPT_MODE, key, iv, data);
        ASN1Encodable[] content = {
            new ASN1Integer(1), new DERSet(new DERSequence(recipient)),
            new EncryptedContentInfo(DATA, algorithm, new DEROctetString(encrypted)),
        };
        return new ContentInfo(ENVELOPED, new DERSequence(content)).getEncoded("DER");
    }

    static byte[] verify(byte[] blob) throws Exception {
        CMSSignedData signed = new CMSSignedData(blob);
        for (SignerInformation signer : signed.getSignerInfos()) {
            X509CertificateHolder holder = (X509CertificateHolder) signed.getCertificates().getMatches(signer.getSID()).iterator().next();
            DefaultCMSSignatureAlgorithmNameGenerator names = new DefaultCMSSignatureAlgorithmNameGenerator() {
                @Override
                public String getSignatureName(AlgorithmIdentifier digest, AlgorithmIdentifier signature) {
                    require(signature.getAlgorithm().equals(GMObjectIdentifiers.sm2sign));
                    return "SM3WITHSM2";
                }
            };
            require(signer.verify(new SignerInformationVerifier(
                names, any -> new AlgorithmIdentifier(GMObjectIdentifiers.sm2sign_with_sm3),
                new JcaContentVerifierProviderBuilder().setProvider("BC").build(holder),
                new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())));
        }
        require(signed.getSignerInfos().size() == 1);
        return (byte[]) signed.getSignedContent().getContent();
    }

    static byte[] sign(BigInteger d, X509Certificate by, byte[] data) throws Exception {
        ECParameterSpec spec = new ECParameterSpec(CURVE.getCurve(), CURVE.getG(), CURVE.getN(), CURVE.getH());
        PrivateKey key = java.security.KeyFactory.getInstance("EC", "BC").generatePrivate(new ECPrivateKeySpec(d, spec));
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        JcaSignerInfoGeneratorBuilder signer = new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build());
        generator.addSignerInfoGenerator(signer.build(new JcaContentSignerBuilder("SM3WITHSM2").setProvider("BC").build(key), by));
        generator.addCertificates(new JcaCertStore(List.of(by)));
        ContentInfo made = generator.generate(new CMSProcessableByteArray(DATA, data), true).toASN1Structure();
        ASN1Encodable[] parts = ASN1Sequence.getInstance(made.getContent()).toArray();
        parts[0] = new ASN1Integer(1); // the standard knows version 1 only; CMS counts 3 for a content type of its own
        return new ContentInfo(SIGNED, new DERSequence(parts)).getEncoded("DER");
    }

    static byte[] sm4(int mode, byte[] key, byte[] iv, byte[] data) throws Exception {
        Cipher cipher = Cipher.getInstance("SM4/CBC/PKCS7Padding", "BC");
        cipher.init(mode, new SecretKeySpec(key, "SM4"), new IvParameterSpec(iv));
        return cipher.doFinal(data);
    }

    static BigInteger number(ASN1Sequence of, int at) {
        return ASN1Integer.getInstance(of.getObjectAt(at)).getPositiveValue();
    }

    static byte[] octets(ASN1Sequence of, int at) {
        return ASN1OctetString.getInstance(of.getObjectAt(at)).getOctets();
    }

    static byte[] part(byte[] of, int from, int to) {
        return java.util.Arrays.copyOfRange(of, from, to);
    }

    static byte[] join(byte[]... parts) {
        return org.bouncycastle.util.Arrays.concatenate(parts);
    }

    static void require(boolean condition) {
        if (!condition) {
            throw new IllegalStateException("not as it should be");
        }
    }
}
