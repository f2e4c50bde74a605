/*
 * A whole contact as flex-api.md describes one, with every field named there; the person is invented.
 */
#ifndef DATA_CONTACT_H
#define DATA_CONTACT_H

#define DATA_CONTACT_ID "5f0c1f2e-7d1a-4c9b-8e55-0a1b2c3d4e5f"

#define DATA_CONTACT                                                                                         \
    "{\"id\":\"" DATA_CONTACT_ID "\",\"name\":\"Ada Abbott\","                                               \
    "\"createdByUserId\":\"0c6d5a1e-95d6-11e9-9c2a-0030489e8f64\",\"createdDate\":\"2019-06-23T10:11:12\","  \
    "\"lastEditUserId\":\"0c6d5a1e-95d6-11e9-9c2a-0030489e8f65\",\"lastEditDate\":\"2024-03-05T23:23:37\","  \
    "\"code\":\"C-0042\",\"shortName\":\"AA\",\"preferredDisplayString\":\"Ada Abbott (Lumen)\","            \
    "\"shortNameOrName\":\"AA\",\"narrativeDescription\":null,\"barcode\":\"0004711\",\"barcodeLabel\":"     \
    "null,"                                                                                                  \
    "\"rfidTag\":\"E200-3412\",\"number\":42,\"numberSequence\":null,\"externalNumber\":\"CRM-9001\","       \
    "\"assignedNumber\":\"K 17\",\"deleted\":false,\"deletedByUserId\":null,\"deletedByDate\":null,"         \
    "\"presumedMissing\":false,\"lineMuteByDefault\":false,\"noteMuteByDefault\":false,\"catalogueItem\":"   \
    "false,"                                                                                                 \
    "\"publicCatalogueItem\":false,\"discountable\":true,\"maxDiscount\":12.5,\"imported\":false,"           \
    "\"firstName\":\"Ada\",\"middleName\":\"Berenice\",\"lastName\":\"Abbott\",\"salutation\":\"Dr.\","      \
    "\"birthday\":\"1979-02-28\",\"organization\":false,\"company\":\"Lumen Stagecraft\","                   \
    "\"jobTitle\":\"Head of Lighting\",\"employerId\":\"9a1b0c2d-0001-4000-8000-000000000001\","             \
    "\"defaultEmailId\":\"mail-2\",\"defaultPhoneId\":\"phone-2\",\"defaultFaxId\":null,"                    \
    "\"defaultMailingAddressId\":\"address-2\",\"defaultShippingAddressId\":\"address-1\",\"creditLimit\":"  \
    "2500.75,"                                                                                               \
    "\"defaultBillToContact\":true,\"defaultBillToContactId\":\"9a1b0c2d-0002-4000-8000-000000000002\","     \
    "\"defaultTermsInherited\":true,\"currencyId\":\"9a1b0c2d-0003-4000-8000-000000000003\","                \
    "\"defaultPricingModelId\":\"9a1b0c2d-0004-4000-8000-000000000004\","                                    \
    "\"standardDiscountId\":\"9a1b0c2d-0005-4000-8000-000000000005\","                                       \
    "\"standardTermsId\":\"9a1b0c2d-0006-4000-8000-000000000006\","                                          \
    "\"standardTaxRuleId\":\"9a1b0c2d-0007-4000-8000-000000000007\","                                        \
    "\"homebaseLocationId\":\"9a1b0c2d-0008-4000-8000-000000000008\","                                       \
    "\"corporateEntityId\":\"9a1b0c2d-0009-4000-8000-000000000009\","                                        \
    "\"associatedUserId\":\"9a1b0c2d-0010-4000-8000-000000000010\",\"domainId\":\"contact\",\"className\":"  \
    "\"CONTACT\","                                                                                           \
    "\"addresses\":[{\"id\":\"address-1\",\"name\":\"Warehouse\",\"line1\":\"1 Dock Road\",\"line2\":null,"  \
    "\"line3\":null,\"city\":\"Bristol\",\"stateOrProvince\":\"Avon\",\"postalCode\":\"BS1 "                 \
    "1AA\",\"country\":\"UK\","                                                                              \
    "\"defaultShipping\":true},{\"id\":\"address-2\",\"name\":\"Office\",\"line1\":\"Caf\\u00e9 "            \
    "L\xC3\xA4ne 2\","                                                                                       \
    "\"line2\":null,\"line3\":null,\"city\":\"Z\xC3\xBCrich\",\"stateOrProvince\":\"ZH\",\"postalCode\":"    \
    "\"8001\","                                                                                              \
    "\"country\":\"Switzerland\",\"defaultShipping\":false}],"                                               \
    "\"internetAddresses\":[{\"id\":\"mail-1\",\"name\":\"Web\",\"url\":\"https://lumen.example\","          \
    "\"defaultEmail\":false},{\"id\":\"mail-2\",\"name\":\"Work\",\"url\":\"ada@lumen.example\","            \
    "\"defaultEmail\":true}],\"phoneNumbers\":[{\"id\":\"phone-1\",\"name\":\"Home\",\"dialNumber\":\"555 "  \
    "0100\","                                                                                                \
    "\"countryCode\":null,\"areaCode\":null,\"defaultPhone\":false},{\"id\":\"phone-2\",\"name\":\"Work\","  \
    "\"dialNumber\":\"44 555 0101\",\"countryCode\":\"41\",\"areaCode\":null,\"defaultPhone\":true}],"       \
    "\"resourceTypes\":[{\"id\":\"9a1b0c2d-0011-4000-8000-000000000011\",\"name\":\"Client\","               \
    "\"namePlural\":\"Clients\",\"venue\":false,\"deleted\":false,\"discountable\":true,"                    \
    "\"domainId\":\"contact\"}],\"contactTypes\":null,\"tagIds\":null,\"referenceData\":{\"b\":1,\"a\":["    \
    "true,null]}}"

#endif
