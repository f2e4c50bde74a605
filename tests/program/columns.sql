-- Names the columns that differ from what flex_data says, with how many rows; nothing when all agree. The rules of
-- design.md section 3, written once more in SQL.
WITH j AS (SELECT * FROM contacts WHERE json_type(flex_data, '$.className') IS NOT NULL),
mail AS (
  SELECT j.id, json_extract(e.value, '$.url') AS v, row_number() OVER (PARTITION BY j.id ORDER BY
    json_extract(e.value, '$.id') IS json_extract(j.flex_data, '$.defaultEmailId') DESC,
    json_extract(e.value, '$.defaultEmail') IS 1 DESC, e.key) AS n
  FROM j, json_each(j.flex_data, '$.internetAddresses') e WHERE instr(json_extract(e.value, '$.url'), '@') > 0),
tel AS (
  SELECT j.id, ltrim(trim(json_extract(e.value, '$.countryCode')), '+') AS code, json_extract(e.value, '$.dialNumber') AS number,
    row_number() OVER (PARTITION BY j.id ORDER BY
    json_extract(e.value, '$.id') IS json_extract(j.flex_data, '$.defaultPhoneId') DESC,
    json_extract(e.value, '$.defaultPhone') IS 1 DESC, e.key) AS n
  FROM j, json_each(j.flex_data, '$.phoneNumbers') e WHERE trim(json_extract(e.value, '$.dialNumber')) <> ''),
town AS (
  SELECT j.id, json_extract(e.value, '$.city') AS v, row_number() OVER (PARTITION BY j.id ORDER BY
    json_extract(e.value, '$.id') IS json_extract(j.flex_data, '$.defaultMailingAddressId') DESC,
    json_extract(e.value, '$.defaultMailing') IS 1 DESC, e.key) AS n
  FROM j, json_each(j.flex_data, '$.addresses') e WHERE trim(json_extract(e.value, '$.city')) <> ''),
land AS (
  SELECT j.id, json_extract(e.value, '$.country') AS v, row_number() OVER (PARTITION BY j.id ORDER BY
    json_extract(e.value, '$.id') IS json_extract(j.flex_data, '$.defaultMailingAddressId') DESC,
    json_extract(e.value, '$.defaultMailing') IS 1 DESC, e.key) AS n
  FROM j, json_each(j.flex_data, '$.addresses') e WHERE trim(json_extract(e.value, '$.country')) <> ''),
wrong (name, rows) AS (
  SELECT 'contact_id', sum(contact_id IS NOT json_extract(flex_data, '$.id')) FROM j UNION ALL
  SELECT 'first_name', sum(first_name IS NOT json_extract(flex_data, '$.firstName')) FROM j UNION ALL
  SELECT 'last_name', sum(last_name IS NOT json_extract(flex_data, '$.lastName')) FROM j UNION ALL
  SELECT 'contact_type', sum(contact_type IS NOT CASE json_extract(flex_data, '$.organization') WHEN 1 THEN 'Company' WHEN 0 THEN 'Individual' END) FROM j UNION ALL
  SELECT 'status', sum(status IS NOT CASE WHEN json_extract(flex_data, '$.deleted') THEN 'Inactive' ELSE 'Active' END) FROM j UNION ALL
  SELECT 'deleted_at', sum((deleted_at IS NOT NULL) IS NOT (status = 'Inactive')) FROM contacts UNION ALL
  SELECT 'default_bill_to_contact_id', sum(default_bill_to_contact_id IS NOT json_extract(flex_data, '$.defaultBillToContactId')) FROM j UNION ALL
  SELECT 'pricing_model_id', sum(pricing_model_id IS NOT json_extract(flex_data, '$.defaultPricingModelId')) FROM j UNION ALL
  SELECT 'name', sum(name IS NOT json_extract(flex_data, '$.name')) FROM j UNION ALL
  SELECT 'middle_name', sum(middle_name IS NOT json_extract(flex_data, '$.middleName')) FROM j UNION ALL
  SELECT 'salutation', sum(salutation IS NOT json_extract(flex_data, '$.salutation')) FROM j UNION ALL
  SELECT 'birthday', sum(birthday IS NOT json_extract(flex_data, '$.birthday')) FROM j UNION ALL
  SELECT 'company', sum(company IS NOT json_extract(flex_data, '$.company')) FROM j UNION ALL
  SELECT 'job_title', sum(job_title IS NOT json_extract(flex_data, '$.jobTitle')) FROM j UNION ALL
  SELECT 'short_name', sum(short_name IS NOT json_extract(flex_data, '$.shortName')) FROM j UNION ALL
  SELECT 'preferred_display_string', sum(preferred_display_string IS NOT json_extract(flex_data, '$.preferredDisplayString')) FROM j UNION ALL
  SELECT 'code', sum(code IS NOT json_extract(flex_data, '$.code')) FROM j UNION ALL
  SELECT 'barcode', sum(barcode IS NOT json_extract(flex_data, '$.barcode')) FROM j UNION ALL
  SELECT 'rfid_tag', sum(rfid_tag IS NOT json_extract(flex_data, '$.rfidTag')) FROM j UNION ALL
  SELECT 'external_number', sum(external_number IS NOT json_extract(flex_data, '$.externalNumber')) FROM j UNION ALL
  SELECT 'assigned_number', sum(assigned_number IS NOT json_extract(flex_data, '$.assignedNumber')) FROM j UNION ALL
  SELECT 'employer_id', sum(employer_id IS NOT json_extract(flex_data, '$.employerId')) FROM j UNION ALL
  SELECT 'credit_limit', sum(credit_limit IS NOT json_extract(flex_data, '$.creditLimit')) FROM j UNION ALL
  SELECT 'default_bill_to_contact', sum(default_bill_to_contact IS NOT json_extract(flex_data, '$.defaultBillToContact')) FROM j UNION ALL
  SELECT 'currency_id', sum(currency_id IS NOT json_extract(flex_data, '$.currencyId')) FROM j UNION ALL
  SELECT 'standard_discount_id', sum(standard_discount_id IS NOT json_extract(flex_data, '$.standardDiscountId')) FROM j UNION ALL
  SELECT 'standard_terms_id', sum(standard_terms_id IS NOT json_extract(flex_data, '$.standardTermsId')) FROM j UNION ALL
  SELECT 'standard_tax_rule_id', sum(standard_tax_rule_id IS NOT json_extract(flex_data, '$.standardTaxRuleId')) FROM j UNION ALL
  SELECT 'discountable', sum(discountable IS NOT json_extract(flex_data, '$.discountable')) FROM j UNION ALL
  SELECT 'max_discount', sum(max_discount IS NOT json_extract(flex_data, '$.maxDiscount')) FROM j UNION ALL
  SELECT 'homebase_location_id', sum(homebase_location_id IS NOT json_extract(flex_data, '$.homebaseLocationId')) FROM j UNION ALL
  SELECT 'corporate_entity_id', sum(corporate_entity_id IS NOT json_extract(flex_data, '$.corporateEntityId')) FROM j UNION ALL
  SELECT 'associated_user_id', sum(associated_user_id IS NOT json_extract(flex_data, '$.associatedUserId')) FROM j UNION ALL
  SELECT 'flex_created_date', sum(flex_created_date IS NOT json_extract(flex_data, '$.createdDate')) FROM j UNION ALL
  SELECT 'flex_last_edit_date', sum(flex_last_edit_date IS NOT json_extract(flex_data, '$.lastEditDate')) FROM j UNION ALL
  SELECT 'created_by_user_id', sum(created_by_user_id IS NOT json_extract(flex_data, '$.createdByUserId')) FROM j UNION ALL
  SELECT 'last_edit_user_id', sum(last_edit_user_id IS NOT json_extract(flex_data, '$.lastEditUserId')) FROM j UNION ALL
  SELECT 'email', sum(email IS NOT (SELECT v FROM mail WHERE mail.id = j.id AND n = 1)) FROM j UNION ALL
  SELECT 'phone', sum(phone IS NOT (SELECT CASE WHEN coalesce(code, '') = '' OR ltrim(number) LIKE '+%' THEN number ELSE '+' || code || ' ' || number END
                                    FROM tel WHERE tel.id = j.id AND n = 1)) FROM j UNION ALL
  SELECT 'city', sum(city IS NOT (SELECT v FROM town WHERE town.id = j.id AND n = 1)) FROM j UNION ALL
  SELECT 'country', sum(country IS NOT (SELECT v FROM land WHERE land.id = j.id AND n = 1)) FROM j)
SELECT name || ' in ' || rows || ' rows' FROM wrong WHERE rows > 0;
